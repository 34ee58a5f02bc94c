#pragma once
// H2Server: the server's end of one HTTP/2 connection (RFC 9113, cleartext by prior knowledge or
// over TLS), driven by nghttp2.
//
// `transport`, `events` and `context` must outlive it. It hears the transport from start() until
// on_connection_closed, and closes it by itself: after the peer's last byte, after drain() when the
// last exchange is over, or after a connection error (GOAWAY is sent first). The owner destroys the
// server, then the transport, at the end of the turn; destroying it earlier breaks off what is open
// (each exchange hears on_reset and on_closed from inside the destructor).
//
// A malformed request resets its stream (PROTOCOL_ERROR), a head above the limit is answered 431;
// the connection goes on. Abuse (h2_limits.h) ends it with ENHANCE_YOUR_CALM. Both are told
// by on_malformed.

#include "meshkit/http/h2_session.h"
#include "meshkit/http/message.h"

namespace mesh::http {

class H2Server final : public ServerConnection, private H2SessionEvents {
 public:
  // `context` has the server role.
  H2Server(H2Context& context, net::Stream& transport, ServerEvents& events);

  // Sends our SETTINGS and reads on. `already_read` are bytes taken from the transport before
  // (by protocol detection); they may be overwritten.
  void start(MutableBytes already_read = {}) { session_.start(already_read); }

  // GOAWAY twice, a round trip apart: first "no more, but what is on its way still counts", then
  // the real last stream. Closes when the last exchange is over.
  void drain() override { session_.drain(); }
  // Ends at once: exchanges hear on_reset, the transport is aborted, no event follows.
  void abort() override { session_.abort(); }
  std::size_t open_exchanges() const override { return session_.open_streams(); }

  // Facilities of the connection itself; see H2Session.
  H2Session& session() noexcept { return session_; }

 private:
  MessageEvents& on_request(H2Stream& stream) override;
  void on_refused(const char* reason) override;
  void on_room() override {}
  void on_goaway() override {}
  void on_finished(const Error& error) override;

  ServerEvents& events_;
  H2Session session_;
};

}  // namespace mesh::http
