#pragma once
// H2Session: what both ends of an HTTP/2 connection have in common: nghttp2, the transport below,
// the streams, flow control, abuse limits, keep-alive and closing. H2Server and H2Client give it
// its two faces; others use it only for the facilities under "Keep-alive" and "Watching".
//
// Sending. Heads are compressed at once, straight from the caller's Head. A body span of kDirect
// bytes or more is framed at once, straight from the caller's memory; smaller ones gather in their
// stream and leave at the end of the turn. What the windows or a congested transport do not allow
// stays in the stream's queue. Frames go to the transport as they are made; the session itself
// queues nothing, and an idle session owns no buffer. Streams that have much to send take turns.
//
// Events. Users hear of their exchanges only while received bytes are handled and at the end of
// the turn, never from inside a call of their own, and never while nghttp2 assembles a frame.
//
// Windows (h2_windows.h) open as the user consumes. Bytes of an exchange that ended unconsumed are
// given back to the connection.

#include <cstdint>

#include "meshkit/async/deadline.h"
#include "meshkit/base/byte_queue.h"
#include "meshkit/base/intrusive_list.h"
#include "meshkit/http/h2_context.h"
#include "meshkit/http/h2_frame_gate.h"
#include "meshkit/http/h2_head_reader.h"
#include "meshkit/http/h2_keep_alive.h"
#include "meshkit/http/h2_limits.h"
#include "meshkit/http/h2_pump.h"
#include "meshkit/http/h2_recent_resets.h"
#include "meshkit/http/h2_stream.h"
#include "meshkit/http/h2_windows.h"
#include "meshkit/http/message.h"
#include "meshkit/net/stream.h"

namespace mesh::http {

struct H2Callbacks;

class H2SessionEvents {
 public:
  virtual MessageEvents& on_request(H2Stream& stream) = 0;  // servers
  virtual void on_refused(const char* reason) = 0;          // see ServerEvents::on_malformed
  virtual void on_room() = 0;                               // clients: a stream may be opened
  virtual void on_goaway() = 0;                             // the peer's
  virtual void on_finished(const Error& error) = 0;         // the last event

 protected:
  ~H2SessionEvents() = default;
};

class H2Session final : private net::StreamEvents, private Flushable, private H2FrameGate::Streams {
 public:
  static constexpr std::size_t kDirect = 8 * 1024;
  // How long an ended connection waits for the peer to take what is queued and to close.
  static constexpr Milliseconds kLinger{1000};

  H2Session(H2Context& context, net::Stream& transport, H2SessionEvents& events);
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;
  ~H2Session();

  void start(MutableBytes already_read);
  void drain();
  void abort();

  H2Stream* open(MessageEvents& events);  // null when !can_open()
  bool can_open() const noexcept;
  std::size_t open_streams() const noexcept { return open_count_; }
  std::size_t stream_limit() const noexcept;
  bool peer_allows_extended_connect() const noexcept;

  // Keep-alive. Sends a PING; `on_pong` runs when it is answered, with the time that took, and
  // never if the connection ends first. One at a time: false while one is under way or when over.
  using OnPong = H2KeepAlive::OnPong;
  bool ping(OnPong on_pong);
  // When bytes last came from the peer.
  TimePoint last_heard() const noexcept { return last_heard_; }
  // Of the last PING or SETTINGS; zero before the first answer.
  Nanoseconds round_trip() const noexcept { return keep_alive_.round_trip(); }

  // Watching. Resets (CANCEL) the exchanges of which body bytes have waited for `limit` without any
  // leaving; each hears on_reset with Errc::timed_out. Returns how many. A head that has been
  // coming in for as long ends the connection. To be called now and then.
  std::size_t reset_stalled(Nanoseconds limit);
  bool is_draining() const noexcept { return draining_; }
  // Bytes of bodies received and not consumed yet.
  std::size_t unconsumed() const noexcept { return windows_.unconsumed(); }

 private:
  friend class H2Context;
  friend class H2Stream;
  friend struct H2Callbacks;

  enum class Phase : std::uint8_t { fresh, running, closing, over };

  // net::StreamEvents
  void on_data(MutableBytes bytes) override;
  void on_end() override;
  void on_closed(const Error& error) override;
  void on_drained() override { flush(); }
  // Flushable
  void flush() override;

  void receive_early();
  void receive(Bytes bytes);
  bool feed(Bytes bytes);  // to nghttp2; false: enough
  bool overflows(const H2FrameGate::Piece& update) const noexcept;
  void on_bad_window_update(const H2FrameGate::Piece& update);
  void refuse(H2Code code, const char* reason);  // ends the connection with GOAWAY
  void fault(std::int32_t stream_id, H2Stream* stream, const char* reason,
             H2Code code = H2Code::protocol_error);
  bool is_closed_stream(std::int32_t stream_id) const override;
  bool charge(const char* reason) noexcept;  // of H2FloodGuard; false: enough

  void send_lent_head(std::int32_t stream_id);  // 0: nothing was lent
  void submit_reset(std::int32_t stream_id, H2Code code);
  void pump();
  void flush_soon() { context_.loop().flush_later(*this); }
  bool may_pump() const noexcept;

  void settle();
  void tell_news();
  void close_if_done();
  void close(const Error& error);
  void finish(const Error& error);
  Reset broken_by(const Error& error) const noexcept;
  void break_streams(const Reset& reset);
  void drop_user(H2Stream& stream);
  void retire(H2Stream& stream);

  H2Stream& add_stream(std::int32_t id);
  void on_stream_closed(H2Stream* stream, H2Code code);
  void on_settings_acked() noexcept;
  void on_own_goaway(const char* reason) noexcept;
  void on_pong_received(const std::uint8_t* payload);
  void give_back(H2Stream& stream, std::size_t bytes);

  H2Context& context_;
  net::Stream& transport_;
  H2SessionEvents& events_;
  nghttp2_session* nghttp2_ = nullptr;
  H2FrameGate gate_;
  H2HeadReader reader_;
  H2FloodGuard guard_;
  H2RecentResets resets_;
  IntrusiveList<H2Stream, H2OpenTag> open_;
  IntrusiveList<H2Stream, H2NewsTag> news_;
  Deadline linger_;
  H2Windows windows_;
  H2Pump pump_;
  H2KeepAlive keep_alive_;
  ByteQueue early_;                                       // bytes given to start()
  Error error_{Errc::closed, "HTTP/2 connection ended"};  // why the connection ends
  const char* refusal_ = nullptr;                         // why we end it, not told yet
  const char* abuse_ = nullptr;                           // what made a callback give up ...
  H2Code abuse_code_ = H2Code::enhance_your_calm;         // ... and what the peer is told
  std::int32_t last_peer_stream_ = 0;
  TimePoint now_{};  // of this turn, about
  TimePoint last_heard_{};
  TimePoint head_began_{};      // while is_reading_
  std::size_t open_count_ = 0;  // streams with a user
  std::size_t wire_count_ = 0;  // clients: opened and not yet closed for nghttp2
  Phase phase_ = Phase::fresh;
  bool receiving_ = false;
  bool is_reading_ = false;       // inside a field block
  bool reading_ignored_ = false;  // fields of a stream that nobody hears of
  bool ended_ = false;            // the peer's last byte has come
  bool failed_ = false;           // nghttp2 cannot go on
  bool terminating_ = false;      // GOAWAY of ours ends it, whatever the transport's state
  bool draining_ = false;
  bool room_changed_ = false;
  bool goaway_received_ = false;
  bool goaway_told_ = false;
};

}  // namespace mesh::http
