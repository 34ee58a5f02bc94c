#pragma once
// Endpoint: one address that takes traffic, and all that discovery knows about it: who it is, how
// to reach it, what it speaks.
//
// An Endpoint without `server` is spoken to in plaintext. An endpoint of the workload itself is
// "local": it gets no TLS, no protocol upgrade and no transport header (see as_local).

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "meshkit/base/clock.h"
#include "meshkit/net/address.h"
#include "proxy/policy/labels.h"
#include "proxy/policy/transport_header.h"

namespace mesh::policy {

// Whom a TLS server has to prove to be.
struct ServerIdentity {
  std::string identity;     // a lower-case DNS name or a URI
  std::string server_name;  // sent as SNI

  friend bool operator==(const ServerIdentity&, const ServerIdentity&) = default;
};

// The name requests are rewritten to, for an endpoint that is a gateway to another cluster.
struct AuthorityOverride {
  std::string text;        // as it stands in :authority
  std::string host;        // without port
  std::uint16_t port = 0;  // 0: none

  friend bool operator==(const AuthorityOverride&, const AuthorityOverride&) = default;
};

enum class ProtocolHint : std::uint8_t {
  none,
  h2,      // a proxy of the mesh: takes any HTTP as HTTP/2
  opaque,  // nothing looks at the bytes there
};

enum class ZoneLocality : std::uint8_t { unknown, local, remote };

// Settings for the HTTP/2 client; zero is "our own default", or "off" for the keep-alive.
struct Http2Settings {
  std::uint32_t connection_window = 0;
  std::uint32_t stream_window = 0;
  bool adaptive_windows = false;
  Nanoseconds keep_alive_interval{0};
  Nanoseconds keep_alive_timeout{0};
  bool keep_alive_while_idle = false;
  std::uint32_t max_concurrent_resets = 0;
  std::uint32_t max_frame_size = 0;
  std::uint32_t max_send_buffer = 0;

  friend bool operator==(const Http2Settings&, const Http2Settings&) = default;
};

struct Endpoint {
  net::SocketAddress address;
  std::uint32_t weight = 10'000;  // relative to its siblings
  std::optional<ServerIdentity> server;
  ProtocolHint hint = ProtocolHint::none;
  std::uint16_t opaque_transport_port = 0;  // where it takes connections with a transport header
  std::optional<AuthorityOverride> authority;
  Http2Settings http2;
  Labels labels;
  ZoneLocality locality = ZoneLocality::unknown;
  bool is_local = false;

  // Where the connection goes: the opaque transport's port if it is used.
  net::SocketAddress dial_address() const noexcept;

  // What to send before the bytes of a session; none when the connection starts with them.
  std::optional<TransportHeader> transport_header(SessionProtocol session) const;

  // Everything but the weight and labels, in a stable form: equal texts are the same endpoint.
  std::string text() const;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// The endpoint as the workload itself reaches it.
Endpoint as_local(Endpoint endpoint);

// as_local if the endpoint's address is among the workload's `own`.
Endpoint localised(Endpoint endpoint, std::span<const net::IpAddress> own);

}  // namespace mesh::policy
