#pragma once
// Context: how one end of TLS connections behaves and what it shows; one per role.
//
// TLS 1.3 only, X25519MLKEM768 before the classical groups, no tickets, no resumption, no early
// data. The peer's chain must lead to the bundle; a client may show none to a server. Whether the
// peer is the right one is decided after that, by identity (tls/handshake.h).
//
// Immutable. Credentials or trust change by making a new Context: handshakes that have begun keep
// the old one alive, established connections need none. For one thread: what was verified is
// remembered inside without a lock, so that a peer's chain is checked once and not per connection.

#include <cstdint>
#include <string_view>

#include "meshkit/base/clock.h"
#include "meshkit/base/result.h"
#include "meshkit/tls/credentials.h"
#include "meshkit/tls/ref.h"
#include "meshkit/tls/trust_bundle.h"

namespace mesh::tls {

// Agreed on (ALPN) when the client sends a transport header before its first byte.
inline constexpr std::string_view kTransportHeaderProtocol = "transport.l5d.io/v1";

class Context {
 public:
  enum class Role : std::uint8_t { client, server };

  // `clock` tells the time for validity and must outlive every handshake. Fails when the key is
  // not the leaf's.
  static Result<Context> make(Role role, const Credentials& credentials, const TrustBundle& bundle,
                              const Clock& clock);
  // A client that has no certificate yet, for the calls that get it one.
  static Context make_anonymous_client(const TrustBundle& bundle, const Clock& clock);

  Role role() const noexcept { return role_; }
  SSL_CTX* raw() const noexcept { return context_.get(); }

 private:
  Context(Role role, Ref<SSL_CTX> context) noexcept : role_(role), context_(std::move(context)) {}

  Role role_;
  Ref<SSL_CTX> context_;
};

}  // namespace mesh::tls
