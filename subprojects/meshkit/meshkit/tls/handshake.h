#pragma once
// Handshake: turns a fresh byte stream into a TlsStream, as client or as server.
//
// The promise to the caller: `done` runs exactly once, at the end of a turn of the loop, never from
// the constructor, unless the Handshake is destroyed first; then it never runs. Destroying a
// Handshake is how it is cancelled and closes the transport; it is allowed at any time except from
// inside an event of the transport, and also from inside `done`. The deadline is the caller's.
//
// On failure the peer is sent the fitting alert; the transport dies with the Handshake. Errc::tls
// means that TLS failed (a peer's alert, a chain that is not trusted), Errc::identity that the
// server proved to be somebody else, others come from the transport. A server accepts a client
// without a certificate: its `identity` is then empty.

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "meshkit/async/loop.h"
#include "meshkit/base/byte_queue.h"
#include "meshkit/base/callback.h"
#include "meshkit/base/result.h"
#include "meshkit/net/stream.h"
#include "meshkit/tls/tls_stream.h"

namespace mesh::tls {

class Context;

struct Secured {
  // Not started: reads nothing until start().
  std::unique_ptr<TlsStream> stream;
  // Who the peer is: for a client the identity that was asked for, for a server the first usable
  // name of the client's certificate, or empty when it showed none.
  std::string identity;
  // Both ends agreed on kTransportHeaderProtocol.
  bool transport_header = false;
  // The NamedGroup of the key exchange, e.g. 0x11ec for X25519MLKEM768.
  std::uint16_t group = 0;
};

class Handshake final : private net::StreamEvents, private Flushable {
 public:
  using Done = Callback<void(Result<Secured>)>;

  struct AsClient {
    std::string_view server_name;   // sent as SNI; empty sends none
    std::string_view identity;      // what the server's certificate must name
    bool transport_header = false;  // offer kTransportHeaderProtocol, and nothing else
  };
  struct AsServer {
    Bytes received;  // what was already read from the transport; copied
  };

  // `context` may go before the Handshake. The transport is started here.
  Handshake(Loop& loop, const Context& context, std::unique_ptr<net::Stream> transport,
            const AsClient& client, Done done);
  Handshake(Loop& loop, const Context& context, std::unique_ptr<net::Stream> transport,
            const AsServer& server, Done done);
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;
  ~Handshake();

 private:
  Handshake(Loop& loop, const Context& context, std::unique_ptr<net::Stream> transport, Done done);

  void on_data(MutableBytes bytes) override;
  void on_end() override;
  void on_closed(const Error& error) override;
  void on_drained() override {}
  void flush() override;

  void advance();
  void on_established();
  void fail_with(const Error& error);
  Result<Secured> take_result();

  static int read_transport(BIO* bio, char* out, int size);
  static int write_transport(BIO* bio, const char* bytes, int size);
  static long control_transport(BIO* bio, int command, long number, void* pointer);

  Loop& loop_;
  std::unique_ptr<net::Stream> transport_;
  Done done_;
  bssl::UniquePtr<SSL> ssl_;
  ByteQueue unread_;  // arrived, not yet read by the handshake; what remains is application data
  std::string expected_identity_;
  Error failure_;
  bool is_finished_ = false;
  bool is_ended_ = false;
};

}  // namespace mesh::tls
