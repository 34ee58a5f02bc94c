#include "proxy/policy/endpoint.h"

#include <algorithm>

#include "proxy/policy/names.h"

namespace mesh::policy {
namespace {

bool takes_transport_header(const Endpoint& endpoint) noexcept {
  if (!endpoint.server) return false;
  return endpoint.opaque_transport_port != 0 || endpoint.authority.has_value();
}

std::string_view name_of(ProtocolHint hint) noexcept {
  switch (hint) {
    case ProtocolHint::none: return "";
    case ProtocolHint::h2: return " h2";
    case ProtocolHint::opaque: return " opaque";
  }
  return "";
}

// Zeros are defaults, so only what differs is written.
std::string text_of(const Http2Settings& s) {
  if (s == Http2Settings{}) return "";
  std::string text = " http2";
  const std::uint64_t numbers[] = {s.connection_window,
                                   s.stream_window,
                                   s.adaptive_windows ? 1u : 0u,
                                   static_cast<std::uint64_t>(s.keep_alive_interval.count()),
                                   static_cast<std::uint64_t>(s.keep_alive_timeout.count()),
                                   s.keep_alive_while_idle ? 1u : 0u,
                                   s.max_concurrent_resets,
                                   s.max_frame_size,
                                   s.max_send_buffer};
  for (const std::uint64_t number : numbers) text += ':' + std::to_string(number);
  return text;
}

}  // namespace

net::SocketAddress Endpoint::dial_address() const noexcept {
  if (!server || opaque_transport_port == 0) return address;
  return address.with_port(opaque_transport_port);
}

std::optional<TransportHeader> Endpoint::transport_header(SessionProtocol session) const {
  if (!takes_transport_header(*this)) return std::nullopt;
  TransportHeader header{address.port(), "", session};
  if (hint == ProtocolHint::opaque) header.protocol = SessionProtocol::opaque;
  if (authority && authority->port != 0) {
    header.port = authority->port;
    if (is_dns_name(authority->host)) header.name = authority->host;
  }
  return header;
}

std::string Endpoint::text() const {
  std::string text(address.text().view());
  if (server) text += " id " + server->identity + " sni " + server->server_name;
  text += name_of(hint);
  if (opaque_transport_port != 0) text += " transport " + std::to_string(opaque_transport_port);
  if (authority) text += " authority " + authority->text;
  text += text_of(http2);
  if (is_local) text += " local";
  return text;
}

Endpoint as_local(Endpoint endpoint) {
  endpoint.server.reset();
  endpoint.hint = ProtocolHint::none;
  endpoint.opaque_transport_port = 0;
  endpoint.authority.reset();
  endpoint.is_local = true;
  return endpoint;
}

Endpoint localised(Endpoint endpoint, std::span<const net::IpAddress> own) {
  if (std::find(own.begin(), own.end(), endpoint.address.ip()) == own.end()) return endpoint;
  return as_local(std::move(endpoint));
}

}  // namespace mesh::policy
