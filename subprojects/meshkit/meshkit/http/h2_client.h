#pragma once
// H2Client: the client's end of one HTTP/2 connection (RFC 9113), driven by nghttp2.
//
// Lifetimes and closing are as in h2_server.h. Exchanges may be opened before start(), and before
// the peer's SETTINGS arrive. A malformed response, or one whose head is above the limit, breaks
// its exchange (on_reset with Errc::protocol or Errc::limit) and nothing else.

#include "meshkit/http/h2_session.h"
#include "meshkit/http/message.h"

namespace mesh::http {

class H2Client final : public ClientConnection, private H2SessionEvents {
 public:
  // `context` has the client role.
  H2Client(H2Context& context, net::Stream& transport, ClientEvents& events);

  // Sends the preface and our SETTINGS, and reads.
  void start(MutableBytes already_read = {}) { session_.start(already_read); }

  MessageStream* open(MessageEvents& events) override;
  // Fewer exchanges open than the peer allows, no GOAWAY, stream identifiers left.
  bool is_available() const override { return session_.can_open(); }
  std::size_t open_exchanges() const override { return session_.open_streams(); }
  void drain() override { session_.drain(); }
  // Ends at once: exchanges hear on_reset, the transport is aborted, no event follows.
  void abort() override { session_.abort(); }

  // How many exchanges may be open at once.
  std::size_t stream_limit() const { return session_.stream_limit(); }
  // The peer takes CONNECT with :protocol (RFC 8441). False until its SETTINGS arrived.
  bool allows_extended_connect() const { return session_.peer_allows_extended_connect(); }

  // Facilities of the connection itself; see H2Session.
  H2Session& session() noexcept { return session_; }

 private:
  MessageEvents& on_request(H2Stream& stream) override;
  void on_refused(const char* reason) override;
  void on_room() override;
  void on_goaway() override;
  void on_finished(const Error& error) override;

  ClientEvents& events_;
  H2Session session_;
};

}  // namespace mesh::http
