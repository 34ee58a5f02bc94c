#pragma once
// H2Session: what both ends of an HTTP/2 connection have in common: nghttp2, the transport below,
// the streams, flow control, abuse limits, keep-alive and closing. H2Server and H2Client give it
// its two faces; others use it only for the facilities under "Keep-alive" and "Watching".
//
// Sending. Heads are compressed at once, straight from the caller's Head. A body span of kDirect
// bytes or more is framed at once, straight from the caller's memory; smaller ones gather in their
// stream and leave at the end of the turn. What the windows or a congested transport do not allow
// stays in the stream's queue. Frames go to the transport as they are made; the session itself
// queues nothing, and an idle session owns no buffer.
//
// Events. Users hear of their exchanges only while received bytes are handled and at the end of
// the turn: never from inside a call of their own.
//
// Windows open as the user consumes. Bytes of an exchange that ended unconsumed are given back to
// the connection. A window that limits a quick consumer doubles, within H2Settings and the budget
// of the context.

#include <cstdint>

#include "meshkit/base/callback.h"
#include "meshkit/base/intrusive_list.h"
#include "meshkit/base/slab.h"
#include "meshkit/http/h2_context.h"
#include "meshkit/http/h2_head_reader.h"
#include "meshkit/http/h2_limits.h"
#include "meshkit/http/message.h"
#include "meshkit/net/stream.h"

namespace mesh::http {

class H2Stream;
struct H2Callbacks;

class H2SessionEvents {
 public:
  virtual MessageEvents& on_request(H2Stream& stream) = 0;  // servers
  virtual void on_refused(const char* reason) = 0;          // see ServerEvents::on_malformed
  virtual void on_room() = 0;                               // clients: a stream may be opened
  virtual void on_goaway() = 0;                             // the peer's
  virtual void on_finished(const Error& error) = 0;         // last event

 protected:
  ~H2SessionEvents() = default;
};

class H2Session final : private net::StreamEvents, private Flushable {
 public:
  static constexpr std::size_t kDirect = 8 * 1024;

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
  // never if the connection ends first. One at a time: false while one is under way or after the
  // end.
  using OnPong = Callback<void(Nanoseconds)>;
  bool ping(OnPong on_pong);
  // When bytes last came from the peer.
  TimePoint last_heard() const noexcept { return last_heard_; }
  // Of the last PING or SETTINGS; zero before the first.
  Nanoseconds round_trip() const noexcept { return round_trip_; }

  // Watching. Resets (CANCEL) exchanges whose body has been ready to leave for `limit` while the
  // peer opened no window for it; each hears on_reset with Errc::timed_out. Returns how many. Call
  // it now and then.
  std::size_t reset_stalled(Nanoseconds limit);
  bool is_draining() const noexcept { return draining_; }
  std::size_t unconsumed() const noexcept { return unconsumed_; }

 private:
  friend class H2Stream;
  friend struct H2Callbacks;

  // net::StreamEvents
  void on_data(MutableBytes bytes) override;
  void on_end() override;
  void on_closed(const Error& error) override;
  void on_drained() override;
  // Flushable
  void flush() override;

  void submit_settings();
  void receive(MutableBytes bytes);
  void pump();
  void pump_frames();
  void settle();
  void close_with(H2Code code, const char* reason, bool tell);
  void finish(const Error& error);
  void detach(H2Stream& stream);

  H2Context& context_;
  net::Stream& transport_;
  H2SessionEvents& events_;
  nghttp2_session* nghttp2_;
  H2HeadReader reader_;
  H2FloodGuard guard_;
  // ... (storage completed with the implementation)
  IntrusiveList<H2Stream, struct H2OpenTag> open_;
  std::size_t open_count_ = 0;
  std::size_t unconsumed_ = 0;
  TimePoint last_heard_{};
  Nanoseconds round_trip_{0};
  OnPong on_pong_;
  bool draining_ = false;
};

}  // namespace mesh::http
