#pragma once
// The labels of the proxy's metrics: their names and order are what dashboards know. Pure.

#include <string_view>

#include "meshkit/metrics/label_text.h"
#include "meshkit/net/address.h"
#include "proxy/inbound/http_router.h"
#include "proxy/policy/backend.h"
#include "proxy/policy/endpoint.h"
#include "proxy/policy/meta.h"

namespace mesh::stats {

using metrics::LabelText;

// target_addr, target_ip, target_port
LabelText target_labels(const net::SocketAddress& target);

// tls, client_id | no_tls_reason: of a connection from `peer`
LabelText client_tls_labels(const inbound::Peer& peer);
// tls, server_id | no_tls_reason: of a connection to `endpoint`
LabelText server_tls_labels(const policy::Endpoint& endpoint);
// Of a connection that never leaves the machine.
LabelText loopback_tls_labels();

// srv_group, srv_kind, srv_name, srv_port
LabelText server_labels(const policy::Meta& server, std::uint16_t port);
// <prefix>_group, <prefix>_kind, <prefix>_name
LabelText short_labels(std::string_view prefix, const policy::Meta& meta);
// <prefix>_group, _kind, _namespace, _name
LabelText route_labels(std::string_view prefix, const policy::Meta& meta);
// <prefix>_group, _kind, _namespace, _name, _port, _section_name
LabelText parent_labels(std::string_view prefix, const policy::Meta& meta);

// authority, target_*, tls, dst_*: of an endpoint of that backend.
LabelText endpoint_labels(const policy::Endpoint& endpoint, const policy::Backend& backend);

// "OK", "UNAVAILABLE": the names of gRPC's codes; "UNKNOWN" beyond them.
std::string_view grpc_name(std::uint8_t code) noexcept;

}  // namespace mesh::stats
