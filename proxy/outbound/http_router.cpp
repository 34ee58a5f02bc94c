#include "proxy/outbound/http_router.h"

#include "meshkit/http/hop_by_hop.h"
#include "proxy/forward/protocol_upgrade.h"
#include "proxy/policy/head_fields.h"
#include "proxy/policy/route_match.h"

namespace mesh::outbound {

using forward::Cause;
using http::Token;
using policy::OutboundPolicy;

HttpRouter::HttpRouter(Loop& loop, Target& target, const Settings& settings, HttpSensor* sensor)
    : loop_(loop), target_(target), settings_(settings), sensor_(sensor) {}

forward::Route::Plan HttpRouter::route(http::Head& request) {
  const OutboundPolicy* policy = target_.policy();
  if (policy == nullptr) return {.cause = Cause::discovery_timeout};
  http::remove_hop_by_hop(request);
  switch (policy->kind) {
    case OutboundPolicy::Kind::invalid: return {.cause = Cause::policy_invalid};
    case OutboundPolicy::Kind::grpc: return route_by(policy->grpc, request);
    case OutboundPolicy::Kind::http1: return route_by(policy->http1, request);
    case OutboundPolicy::Kind::http2: return route_by(policy->http2, request);
    default: break;
  }
  return request.version == http::Version::http2 ? route_by(policy->http2, request)
                                                 : route_by(policy->http1, request);
}

template <class R>
forward::Route::Plan HttpRouter::route_by(const policy::Routes<R>& routes,
                                          const http::Head& request) {
  const policy::HeadFields fields(request);
  const auto chosen = policy::choose_route(routes.routes, policy::view_of(request, fields));
  if (!chosen) return {.cause = Cause::route_not_found};
  HttpBackend* backend = choose(chosen->rule->distribution, routes.accrual);
  if (backend == nullptr) return {.cause = Cause::no_endpoints};
  RouteUse& use = target_.uses.find(chosen->route->meta, *backend, target_.policy_version(), [&] {
    constexpr bool kIsGrpc = std::is_same_v<R, policy::GrpcRoute>;
    return sensor_ == nullptr ? nullptr
                              : sensor_->sensor_of(*target_.policy(), chosen->route->meta,
                                                   backend->description(), kIsGrpc);
  });
  ++use.open;
  ++backend->exchanges;
  if (use.sensor != nullptr) use.sensor->on_request();
  // A required identity is consumed on the first attempt, so there must not be a second.
  return {.dispatcher = backend,
          .resendable = !request.find(Token::kL5dRequireId).has_value(),
          .context = &use};
}

HttpBackend* HttpRouter::choose(const policy::Distribution& distribution,
                                const balance::FailureAccrualConfig& accrual) {
  if (distribution.choices.empty()) return nullptr;
  if (distribution.kind == policy::Distribution::Kind::random && distribution.choices.size() > 1)
    return draw(distribution, accrual);
  HttpBackend* first = nullptr;
  for (const policy::BackendChoice& choice : distribution.choices) {
    HttpBackend& backend = target_.http_backend(choice.backend, accrual);
    if (backend.is_ready()) return &backend;
    if (first == nullptr) first = &backend;
  }
  return first;
}

// By weight among those that are ready; by weight among all when none is.
HttpBackend* HttpRouter::draw(const policy::Distribution& distribution,
                              const balance::FailureAccrualConfig& accrual) {
  const auto draw_where = [&](auto&& eligible) -> HttpBackend* {
    std::uint64_t total = 0;
    for (const policy::BackendChoice& choice : distribution.choices)
      if (eligible(target_.http_backend(choice.backend, accrual))) total += choice.weight;
    if (total == 0) return nullptr;
    auto point = static_cast<std::uint64_t>(loop_.random().unit() * static_cast<double>(total));
    for (const policy::BackendChoice& choice : distribution.choices) {
      HttpBackend& backend = target_.http_backend(choice.backend, accrual);
      if (!eligible(backend)) continue;
      if (point < choice.weight) return &backend;
      point -= choice.weight;
    }
    return nullptr;
  };
  HttpBackend* ready = draw_where([](const HttpBackend& backend) { return backend.is_ready(); });
  return ready != nullptr ? ready : draw_where([](const HttpBackend&) { return true; });
}

void HttpRouter::prepare(http::Head& request, const forward::Attempt& attempt) {
  request.remove(Token::kL5dRequireId);
  if (attempt.client_version == http::Version::http2) return;
  const bool is_carried = request.version == http::Version::http2;
  const bool carry = attempt.can_be_carried && attempt.target->carries_http1();
  if (carry && !is_carried) {
    forward::carry_request(request);
    if (request.authority().empty() && !request.find(Token::kHost))
      (void)request.set_authority(target_.address().text().view());
  } else if (is_carried && !carry) {
    (void)forward::uncarry_request(request);
  }
}

void HttpRouter::on_response(http::Head& response, const http::Head& request,
                             const forward::Attempt& attempt) {
  if (request.version == http::Version::http2 && attempt.client_version != http::Version::http2)
    forward::uncarry_response(response, attempt.client_version);
  http::remove_hop_by_hop(response);
  response.remove(Token::kL5dOrigProto);
  response.remove(Token::kL5dProxyConnection);
  // What an application outside of the mesh says about errors is not a proxy's word.
  if (attempt.target->is_meshed() && settings_.tells_errors) return;
  response.remove(Token::kL5dProxyError);
  response.remove(Token::kL5dErrorCode);
}

void HttpRouter::on_over(const forward::Outcome& outcome, const http::Head&, void* context) {
  if (context != nullptr) {
    RouteUse& use = *static_cast<RouteUse*>(context);
    --use.open;
    --use.backend->exchanges;
    if (use.sensor != nullptr) use.sensor->on_over(outcome);
  }
  if (sensor_ != nullptr) sensor_->on_over(outcome);
}

}  // namespace mesh::outbound
