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
#include <optional>
#include <string>
#include <string_view>

#include "meshkit/async/loop.h"
#include "meshkit/base/byte_queue.h"
#include "meshkit/base/callback.h"
#include "meshkit/base/result.h"
#include "meshkit/net/stream.h"
#include "meshkit/tls/peer_check.h"
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
    std::string_view identity;      // what the server's certificate must name; any case if DNS
    bool transport_header = false;  // offer kTransportHeaderProtocol, and nothing else
  };
  struct AsServer {
    ByteQueue received;  // what was already read from the transport; of the loop's pool
  };

  // `context`, of the fitting role, may go before the Handshake. The transport is started here.
  Handshake(Loop& loop, const Context& context, std::unique_ptr<net::Stream> transport,
            const AsClient& client, Done done);
  Handshake(Loop& loop, const Context& context, std::unique_ptr<net::Stream> transport,
            AsServer server, Done done);
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;
  ~Handshake() = default;

 private:
  void on_data(MutableBytes bytes) override;
  void on_end() override;
  void on_closed(const Error& error) override;
  void on_drained() override {}
  void flush() override;

  void attach();
  void advance();
  void finish(std::optional<Error> failure);
  Error explain_failure() const;
  Secured take_secured();

  static const BIO_METHOD* transport_method();
  static int read_transport(BIO* bio, char* out, int size) noexcept;
  static int write_transport(BIO* bio, const char* bytes, int size) noexcept;

  Loop& loop_;
  std::unique_ptr<net::Stream> transport_;
  Done done_;
  PeerCheck peer_;
  bssl::UniquePtr<SSL> ssl_;
  ByteQueue received_;  // not yet read by the handshake; what remains belongs to the stream
  bool is_finished_ = false;
  std::optional<Error> failure_;  // when it is finished; none if it succeeded
};

}  // namespace mesh::tls
