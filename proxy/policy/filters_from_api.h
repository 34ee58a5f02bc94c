#pragma once
// Filters out of the control plane's messages. Each message becomes one Filter, or a violation.

#include "meshkit/api/grpc_route.pb.h"
#include "meshkit/api/http_route.pb.h"
#include "meshkit/api/inbound.pb.h"
#include "meshkit/api/outbound.pb.h"
#include "proxy/policy/filter.h"
#include "proxy/policy/parsed.h"

namespace mesh::policy {

namespace pb = io::linkerd::proxy;

Parsed<Filter> filter_from(const pb::outbound::HttpRoute::Filter& message);
Parsed<Filter> filter_from(const pb::outbound::GrpcRoute::Filter& message);
Parsed<Filter> filter_from(const pb::outbound::OpaqueRoute::Filter& message);
Parsed<Filter> filter_from(const pb::outbound::TlsRoute::Filter& message);

// Inbound, a filter of no known kind fails only the requests that meet it.
Parsed<Filter> filter_from(const pb::inbound::HttpRoute::Filter& message);
Parsed<Filter> filter_from(const pb::inbound::GrpcRoute::Filter& message);

}  // namespace mesh::policy
