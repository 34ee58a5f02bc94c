#pragma once
// A client and a server that shake hands over memory, for the tests of Handshake.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "meshkit/tls/context.h"
#include "meshkit/tls/handshake.h"
#include "tests/support/certs.h"
#include "tests/unit/meshkit/tls/tls_pair.h"

namespace mesh::tls {

inline const std::string kWeb = "web.ns.serviceaccount.identity.mesh.cluster.local";
inline const std::string kApi = "api.ns.serviceaccount.identity.mesh.cluster.local";

// One side of a handshake and what it came to.
struct HandshakeSide {
  std::optional<Result<Secured>> result;
  std::unique_ptr<Handshake> handshake;

  Handshake::Done done() {
    return [this](Result<Secured> r) { result = std::move(r); };
  }
  bool has_stream() const { return result && *result; }
  Errc failure() const { return result->error().code; }
  std::string_view reason() const { return result->error().what; }
};

// A client and a server over memory, each with its credentials.
struct HandshakeFixture {
  test::TestLoop loop;
  ManualClock clock;
  test::TestAuthority authority;
  TransportPair transports{loop};
  test::MemoryStream* client_transport = transports.client.get();
  test::MemoryStream* server_transport = transports.server.get();
  Context client_context = Context::make(Context::Role::client, authority.credentials_of(kWeb),
                                         authority.bundle(), clock)
                               .value();
  Context server_context = Context::make(Context::Role::server, authority.credentials_of(kApi),
                                         authority.bundle(), clock)
                               .value();
  HandshakeSide client;
  HandshakeSide server;

  void start_client(const Handshake::AsClient& as = {.server_name = kApi, .identity = kApi}) {
    client.handshake = std::make_unique<Handshake>(loop, client_context,
                                                   std::move(transports.client), as, client.done());
  }
  void start_server() {
    server.handshake =
        std::make_unique<Handshake>(loop, server_context, std::move(transports.server),
                                    Handshake::AsServer{ByteQueue(loop->pool())}, server.done());
  }
  void run(const Handshake::AsClient& as = {.server_name = kApi, .identity = kApi}) {
    start_client(as);
    start_server();
    loop.settle();
  }
};

}  // namespace mesh::tls
