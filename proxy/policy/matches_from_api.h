#pragma once
// Hosts, server names and request matches out of the control plane's messages; the same for inbound
// and outbound routes. A list of no matches becomes one match of everything.

#include <google/protobuf/repeated_field.h>

#include <vector>

#include "meshkit/api/grpc_route.pb.h"
#include "meshkit/api/http_route.pb.h"
#include "meshkit/api/tls_route.pb.h"
#include "proxy/policy/host_pattern.h"
#include "proxy/policy/parsed.h"
#include "proxy/policy/request_match.h"

namespace mesh::policy {

namespace pb = io::linkerd::proxy;

template <class Message>
using Messages = google::protobuf::RepeatedPtrField<Message>;

Parsed<std::vector<HostPattern>> hosts_from(const Messages<pb::http_route::HostMatch>& messages);
Parsed<std::vector<HostPattern>> snis_from(const Messages<pb::tls_route::SniMatch>& messages);

Parsed<std::vector<HttpMatch>> matches_from(
    const Messages<pb::http_route::HttpRouteMatch>& messages);
Parsed<std::vector<GrpcMatch>> matches_from(
    const Messages<pb::grpc_route::GrpcRouteMatch>& messages);

}  // namespace mesh::policy
