#pragma once
// H2Stream: one exchange of an HTTP/2 connection. Made by its H2Session, destroyed at the end of
// the turn in which it is over; users see it as a MessageStream.
//
// Body bytes wait in three places, in this order of leaving:
//
//   queue_  ── what windows or a congested transport held back, or too little to frame alone
//   direct_ ── the caller's own span, only while send_body() runs
//   trailers, or the end
//
// All methods not of MessageStream are the session's.

#include <cstdint>

#include "meshkit/base/byte_queue.h"
#include "meshkit/base/clock.h"
#include "meshkit/base/intrusive_list.h"
#include "meshkit/http/h2_head_reader.h"
#include "meshkit/http/h2_windows.h"
#include "meshkit/http/message.h"

struct nghttp2_session;

namespace mesh::http {

class H2Session;

struct H2OpenTag {};   // all streams of a session
struct H2NewsTag {};   // those with something to tell at the end of the turn
struct H2YieldTag {};  // those that had their share of this round

class H2Stream final : public MessageStream,
                       public ListLink<H2OpenTag>,
                       public ListLink<H2NewsTag>,
                       public ListLink<H2YieldTag> {
 public:
  // Bytes that a stream may send before the others have their turn.
  static constexpr std::size_t kShare = 64 * 1024;

  // `id` 0: assigned when the request's head is sent.
  H2Stream(H2Session& session, std::int32_t id) noexcept;
  H2Stream(const H2Stream&) = delete;
  H2Stream& operator=(const H2Stream&) = delete;
  ~H2Stream() = default;

  void send_informational(const Head& head) override;
  void send_head(const Head& head, bool last) override;
  void send_body(Bytes bytes) override;
  void send_trailers(const Head& trailers) override;
  void send_end() override;
  // NO_ERROR after the end was sent lets what is queued leave first: "I need no more of your
  // request".
  void reset(H2Code code) override;
  void consumed(std::size_t bytes) override;
  void set_events(MessageEvents& events) override { events_ = &events; }

  std::int32_t id() const noexcept { return id_; }

 private:
  friend class H2Pump;
  friend class H2Session;
  friend struct H2Callbacks;

  // Receiving. These give null, or why the message is malformed; then the user was not told.
  const char* take_head(H2HeadReader& reader, bool last);
  const char* take_response(H2HeadReader& reader, bool last);
  const char* take_trailers(Head& trailers, bool last);
  const char* take_body(Bytes bytes);
  const char* take_end();
  void note_request(const Head& head) noexcept;
  bool is_whole() const noexcept { return expected_ < 0 || received_ == expected_; }

  // Sending. offer(): how much of the body goes into a frame of at most `room` bytes, and nghttp2's
  // flags for it; write_body(): those bytes, to the transport.
  std::ptrdiff_t offer(std::size_t room, std::uint32_t& flags);
  void write_body(std::size_t bytes);
  std::size_t waiting() const noexcept { return queue_.size() + direct_.size(); }
  bool may_send() const noexcept;
  void submit_request(const Head& head, bool last);
  void submit_response(const Head& head, bool last);
  void submit_trailers();
  void send_direct(Bytes bytes);
  void wake();  // nghttp2 asks offer() again
  bool resume_after_yield(nghttp2_session& nghttp2);
  void count_window_wait() const;

  // nghttp2 is done with the stream.
  void on_wire_closed(H2Code code);
  void break_off(const Reset& reset);  // told at the end of the turn
  void tell_news();

  H2Session* session_;  // null when over
  MessageEvents* events_ = nullptr;
  std::int32_t id_;
  std::uint32_t share_used_ = 0;
  std::uint32_t sent_ = 0;      // not told yet
  std::int64_t expected_ = -1;  // the received body's length; -1: not known
  std::int64_t received_ = 0;
  TimePoint began_;
  TimePoint progress_at_;  // last time that body bytes left, or began to wait
  H2StreamWindow window_;
  ByteQueue queue_;
  Bytes direct_;
  Head trailers_;
  Reset reset_;

  bool is_head_request_ : 1 = false;
  bool is_connect_ : 1 = false;
  bool head_sent_ : 1 = false;      // a request's or final response's
  bool end_sent_ : 1 = false;       // by the user; bytes may still wait
  bool trailers_wait_ : 1 = false;  // in trailers_
  bool asleep_ : 1 = false;         // nghttp2 was told that there is nothing to send
  bool head_received_ : 1 = false;
  bool end_received_ : 1 = false;
  bool reset_by_peer_ : 1 = false;
  bool broken_ : 1 = false;     // reset_ is to be told
  bool closed_ : 1 = false;     // on_closed is to be told
  bool finishing_ : 1 = false;  // no user any more; the queue leaves, then RST_STREAM(NO_ERROR)
};

}  // namespace mesh::http
