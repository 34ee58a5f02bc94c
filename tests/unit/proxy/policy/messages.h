#pragma once
// Valid messages of the control plane for the tests to break in one place each.

#include <google/protobuf/duration.pb.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "meshkit/api/inbound.pb.h"
#include "meshkit/api/outbound.pb.h"

namespace mesh::policy::test {

namespace pb = io::linkerd::proxy;

inline void set_ms(google::protobuf::Duration& message, std::int64_t milliseconds) {
  message.set_seconds(milliseconds / 1000);
  message.set_nanos(static_cast<std::int32_t>(milliseconds % 1000 * 1'000'000));
}

inline void set_address(pb::net::TcpAddress& message, std::uint32_t ipv4, std::uint32_t port) {
  message.mutable_ip()->set_ipv4(ipv4);
  message.set_port(port);
}

inline void set_resource(pb::meta::Metadata& message, std::string_view kind,
                         std::string_view name) {
  message.mutable_resource()->set_group("core");
  message.mutable_resource()->set_kind(std::string(kind));
  message.mutable_resource()->set_name(std::string(name));
  message.mutable_resource()->set_namespace_("shop");
}

inline void set_backend_base(pb::outbound::Backend& message, std::string_view name) {
  set_resource(*message.mutable_metadata(), "Service", name);
  message.mutable_queue()->set_capacity(100);
  set_ms(*message.mutable_queue()->mutable_failfast_timeout(), 3000);
}

// Balances over "<name>.shop.svc.cluster.local:80".
inline pb::outbound::Backend balancer(std::string_view name) {
  pb::outbound::Backend message;
  set_backend_base(message, name);
  auto& balancer = *message.mutable_balancer();
  balancer.mutable_discovery()->mutable_dst()->set_path(std::string(name) +
                                                        ".shop.svc.cluster.local:80");
  set_ms(*balancer.mutable_peak_ewma()->mutable_default_rtt(), 30);
  set_ms(*balancer.mutable_peak_ewma()->mutable_decay(), 10'000);
  return message;
}

// Forwards to 10.1.2.3 in plaintext.
inline pb::outbound::Backend forward(std::uint32_t port = 8080) {
  pb::outbound::Backend message;
  set_backend_base(message, "web");
  set_address(*message.mutable_forward()->mutable_addr(), 0x0a010203, port);
  return message;
}

// A route of any kind: the first of several backends that is ready.
template <class Route>
void set_only(typename Route::Rule& rule, const pb::outbound::Backend& backend) {
  *rule.mutable_backends()->mutable_first_available()->add_backends()->mutable_backend() = backend;
}

template <class Route>
Route route(std::string_view kind, std::string_view name) {
  Route message;
  set_resource(*message.mutable_metadata(), kind, name);
  set_only<Route>(*message.add_rules(), balancer("web"));
  return message;
}

inline pb::outbound::HttpRoute http_route(std::string_view name = "web") {
  return route<pb::outbound::HttpRoute>("HTTPRoute", name);
}
inline pb::outbound::GrpcRoute grpc_route() {
  return route<pb::outbound::GrpcRoute>("GRPCRoute", "web");
}
inline pb::outbound::OpaqueRoute opaque_route() {
  return route<pb::outbound::OpaqueRoute>("TCPRoute", "web");
}
inline pb::outbound::TlsRoute tls_route() {
  return route<pb::outbound::TlsRoute>("TLSRoute", "web");
}

// Metadata, no protocol.
inline pb::outbound::OutboundPolicy outbound_base() {
  pb::outbound::OutboundPolicy message;
  set_resource(*message.mutable_metadata(), "Service", "web");
  return message;
}

inline pb::outbound::OutboundPolicy outbound_http1(const pb::outbound::HttpRoute& route) {
  auto message = outbound_base();
  *message.mutable_protocol()->mutable_http1()->add_routes() = route;
  return message;
}

inline pb::outbound::OutboundPolicy outbound_detect() {
  auto message = outbound_base();
  auto& detect = *message.mutable_protocol()->mutable_detect();
  set_ms(*detect.mutable_timeout(), 10'000);
  *detect.mutable_http1()->add_routes() = http_route();
  *detect.mutable_http2()->add_routes() = http_route();
  *detect.mutable_opaque()->add_routes() = opaque_route();
  return message;
}

inline void set_backoff(pb::outbound::ExponentialBackoff& message) {
  set_ms(*message.mutable_min_backoff(), 100);
  set_ms(*message.mutable_max_backoff(), 10'000);
  message.set_jitter_ratio(0.5f);
}

inline void set_all_ipv4(pb::inbound::Authz& message) {
  message.add_networks()->mutable_net()->mutable_ip()->set_ipv4(0);
}

// Everybody over IPv4, unauthenticated.
inline pb::inbound::Authz open_authorization(std::string_view name = "everybody") {
  pb::inbound::Authz message;
  set_resource(*message.mutable_metadata(), "AuthorizationPolicy", name);
  set_all_ipv4(message);
  message.mutable_authentication()->mutable_unauthenticated();
  return message;
}

// Named, no protocol, nobody allowed.
inline pb::inbound::Server server_base() {
  pb::inbound::Server message;
  (*message.mutable_labels())["name"] = "web";
  return message;
}

inline pb::inbound::Server server_detect() {
  auto message = server_base();
  set_ms(*message.mutable_protocol()->mutable_detect()->mutable_timeout(), 5'000);
  return message;
}

}  // namespace mesh::policy::test
