#include "proxy/inbound/http_router.h"

#include "meshkit/http/hop_by_hop.h"
#include "proxy/forward/protocol_upgrade.h"
#include "proxy/policy/head_fields.h"
#include "proxy/policy/route_match.h"

namespace mesh::inbound {

using forward::Cause;
using http::Token;
using policy::ServerPolicy;

HttpRouter::HttpRouter(Port& port, AppClient& app, const Peer& peer, http::Version connection,
                       HttpSensor* sensor)
    : port_(port), app_(app), peer_(peer), connection_(connection), sensor_(sensor) {}

forward::Route::Plan HttpRouter::route(http::Head& request) {
  (void)forward::uncarry_request(request);
  http::remove_hop_by_hop(request);
  const ServerPolicy* policy = port_.policy();
  if (policy == nullptr) return {.cause = Cause::policy_invalid};
  return policy->kind == ServerPolicy::Kind::grpc ? judge(*policy, policy->grpc_routes, request)
                                                  : judge(*policy, policy->http_routes, request);
}

template <class R>
forward::Route::Plan HttpRouter::judge(const ServerPolicy& policy, const std::vector<R>& routes,
                                       const http::Head& request) {
  if (policy.kind == ServerPolicy::Kind::invalid) return {.cause = Cause::policy_invalid};
  const policy::HeadFields fields(request);
  const auto chosen = policy::choose_route(routes, policy::view_of(request, fields));
  if (!chosen) {
    if (sensor_ != nullptr) sensor_->on_refused(way(), nullptr, {});
    return {.cause = Cause::route_not_found};
  }
  const policy::Verdict verdict = policy::authorize_request(policy, *chosen->route, peer_.client());
  if (!verdict.is_allowed()) {
    if (sensor_ != nullptr) sensor_->on_refused(way(), &chosen->route->meta, verdict);
    return {.cause = Cause::unauthorized};
  }
  Use& use = use_of(chosen->route->meta, verdict, policy.kind == ServerPolicy::Kind::grpc);
  ++use.open;
  ++app_.exchanges;
  if (use.sensor != nullptr) use.sensor->on_request();
  return {.dispatcher = &app_, .context = &use};
}

HttpRouter::Use& HttpRouter::use_of(const policy::Meta& route, const policy::Verdict& verdict,
                                    bool is_grpc) {
  const std::uint64_t version = port_.policy_version();
  for (const auto& use : uses_) {
    if (use->route == &route && use->by == verdict.by && use->version == version) return *use;
  }
  std::erase_if(uses_,
                [version](const auto& use) { return use->open == 0 && use->version != version; });
  uses_.push_back(std::make_unique<Use>(
      Use{.route = &route,
          .by = verdict.by,
          .version = version,
          .sensor =
              sensor_ == nullptr ? nullptr : sensor_->sensor_of(way(), route, verdict, is_grpc)}));
  return *uses_.back();
}

void HttpRouter::prepare(http::Head& request, const forward::Attempt&) {
  // Whatever the client says of itself is not proof.
  request.remove(Token::kL5dClientId);
  if (!peer_.identity.empty()) (void)request.add(Token::kL5dClientId, peer_.identity);
  request.remove(Token::kL5dOrigProto);
  request.remove(Token::kL5dProxyError);
  request.remove(Token::kL5dErrorCode);
  request.remove(Token::kL5dProxyConnection);
}

void HttpRouter::on_response(http::Head& response, const http::Head& request,
                             const forward::Attempt&) {
  http::remove_hop_by_hop(response);
  // These are words between proxies; the application does not say them.
  response.remove(Token::kL5dProxyError);
  response.remove(Token::kL5dErrorCode);
  response.remove(Token::kL5dProxyConnection);
  response.remove(Token::kL5dOrigProto);
  const bool was_carried =
      connection_ == http::Version::http2 && request.version != http::Version::http2;
  if (was_carried) forward::carry_response(response);
}

void HttpRouter::on_over(const forward::Outcome& outcome, const http::Head& request,
                         void* context) {
  if (context != nullptr) {
    Use& use = *static_cast<Use*>(context);
    --use.open;
    --app_.exchanges;
    if (use.sensor != nullptr) use.sensor->on_over(outcome);
  }
  if (sensor_ != nullptr) sensor_->on_over(outcome, request, way());
}

}  // namespace mesh::inbound
