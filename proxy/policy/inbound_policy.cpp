#include "proxy/policy/inbound_policy.h"

namespace mesh::policy {
namespace {

template <class Route>
std::vector<Route> match_everything() {
  typename Route::Rule rule;
  rule.matches.emplace_back();
  return {Route{Meta::built_in("default"), {}, {}, {std::move(rule)}}};
}

}  // namespace

std::vector<InboundHttpRoute> default_http_routes() { return match_everything<InboundHttpRoute>(); }
std::vector<InboundGrpcRoute> default_grpc_routes() { return match_everything<InboundGrpcRoute>(); }

}  // namespace mesh::policy
