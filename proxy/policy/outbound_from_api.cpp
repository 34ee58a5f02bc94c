#include "proxy/policy/outbound_from_api.h"

#include "proxy/policy/backends_from_api.h"
#include "proxy/policy/each.h"
#include "proxy/policy/matches_from_api.h"
#include "proxy/policy/resilience_from_api.h"
#include "proxy/policy/values_from_api.h"

namespace mesh::policy {
namespace {

// `Message` is outbound.HttpRoute or outbound.GrpcRoute, `Rule` the model's.
template <class Message, class Rule>
Parsed<Rule> rule_from(const typename Message::Rule& message, BackendTable& backends) {
  Rule rule;
  auto matches = matches_from(message.matches());
  if (!matches) return tl::unexpected(matches.error());
  rule.matches = std::move(*matches);

  auto filters =
      each<Filter>(message.filters(), "filter", [](const auto& m) { return filter_from(m); });
  if (!filters) return tl::unexpected(filters.error());
  rule.filters = std::move(*filters);

  if (!message.has_backends()) return violation("no backends");
  auto distribution = distribution_from<Message>(message.backends(), backends);
  if (!distribution) return tl::unexpected(distribution.error());
  rule.distribution = std::move(*distribution);

  auto timeouts = timeouts_from(message.timeouts(),
                                message.has_requesttimeout() ? &message.requesttimeout() : nullptr);
  if (!timeouts) return tl::unexpected(timeouts.error());
  rule.timeouts = *timeouts;

  if (message.has_retry()) {
    auto retry = retry_from(message.retry());
    if (!retry) return violation_in("retry", retry.error());
    rule.retry = std::move(*retry);
  }
  rule.obeys_request_headers = message.allow_l5d_request_headers();
  return rule;
}

template <class Route, class Message>
Parsed<Route> request_route_from(const Message& message, BackendTable& backends) {
  using Rule = typename Route::Rule;
  auto meta = strict_meta_from(message.metadata());
  if (!meta) return tl::unexpected(meta.error());
  auto hosts = hosts_from(message.hosts());
  if (!hosts) return violation_in(meta->text(), hosts.error());
  auto rules = each<Rule>(message.rules(), "rule", [&](const auto& rule) {
    return rule_from<Message, Rule>(rule, backends);
  });
  if (!rules) return violation_in(meta->text(), rules.error());
  return Route{std::move(*meta), std::move(*hosts), std::move(*rules)};
}

// `message` is Http1, Http2 or Grpc.
template <class Route, class Message>
Parsed<Routes<Route>> routes_from(const Message& message, BackendTable& backends) {
  auto routes = each<Route>(message.routes(), "route", [&](const auto& route) {
    return request_route_from<Route>(route, backends);
  });
  if (!routes) return tl::unexpected(routes.error());
  Routes<Route> result{std::move(*routes), {}};
  if (message.has_failure_accrual()) {
    const auto accrual = accrual_from(message.failure_accrual());
    if (!accrual) return violation_in("failure_accrual", accrual.error());
    result.accrual = *accrual;
  }
  return result;
}

// The one rule of an opaque or TLS route, and the route's name. `Route` is the model's.
template <class Route, class Message>
Parsed<Route> connection_route_from(const Message& message, BackendTable& backends) {
  Route route;
  auto meta = strict_meta_from(message.metadata());
  if (!meta) return tl::unexpected(meta.error());
  route.meta = std::move(*meta);
  const std::string name = route.meta.text();
  if (message.rules_size() != 1) return violation_in(name, {"not exactly one rule"});
  const auto& rule = message.rules(0);

  auto filters =
      each<Filter>(rule.filters(), "filter", [](const auto& m) { return filter_from(m); });
  if (!filters) return violation_in(name, filters.error());
  route.filters = std::move(*filters);

  if (!rule.has_backends()) return violation_in(name, {"no backends"});
  auto distribution = distribution_from<Message>(rule.backends(), backends);
  if (!distribution) return violation_in(name, distribution.error());
  route.distribution = std::move(*distribution);
  return route;
}

Parsed<TlsRoute> tls_route_from(const pb::outbound::TlsRoute& message, BackendTable& backends) {
  auto route = connection_route_from<TlsRoute>(message, backends);
  if (!route) return route;
  auto snis = snis_from(message.snis());
  if (!snis) return violation_in(route->meta.text(), snis.error());
  route->snis = std::move(*snis);
  return route;
}

using Protocol = pb::outbound::ProxyProtocol;
using Read = Parsed<OutboundPolicy>;
using Kind = OutboundPolicy::Kind;

// Puts a parsed part in its place, or the violation in place of the policy.
template <class Part, class Place>
Read put(Parsed<Part> part, std::string_view what, Place&& place, OutboundPolicy policy) {
  if (!part) return violation_in(what, part.error());
  place(policy) = std::move(*part);
  return policy;
}

Read with_opaque(const Protocol::Opaque& message, OutboundPolicy policy) {
  if (message.routes_size() > 1) return violation("opaque: more than one route");
  if (message.routes_size() == 0) return policy;
  auto route = connection_route_from<OpaqueRoute>(message.routes(0), policy.backends);
  return put(
      std::move(route), "opaque", [](OutboundPolicy& p) -> auto& { return p.opaque; },
      std::move(policy));
}

Read with_http1(const Protocol::Http1& message, OutboundPolicy policy) {
  auto routes = routes_from<HttpRoute>(message, policy.backends);
  return put(
      std::move(routes), "http1", [](OutboundPolicy& p) -> auto& { return p.http1; },
      std::move(policy));
}

Read with_http2(const Protocol::Http2& message, OutboundPolicy policy) {
  auto routes = routes_from<HttpRoute>(message, policy.backends);
  return put(
      std::move(routes), "http2", [](OutboundPolicy& p) -> auto& { return p.http2; },
      std::move(policy));
}

Read with_grpc(const Protocol::Grpc& message, OutboundPolicy policy) {
  auto routes = routes_from<GrpcRoute>(message, policy.backends);
  return put(
      std::move(routes), "grpc", [](OutboundPolicy& p) -> auto& { return p.grpc; },
      std::move(policy));
}

Read with_tls(const Protocol::Tls& message, OutboundPolicy policy) {
  auto routes = each<TlsRoute>(message.routes(), "route", [&](const auto& route) {
    return tls_route_from(route, policy.backends);
  });
  return put(
      std::move(routes), "tls", [](OutboundPolicy& p) -> auto& { return p.tls; },
      std::move(policy));
}

Read with_detect(const Protocol::Detect& message, OutboundPolicy policy) {
  if (!message.has_timeout()) return violation("detect: no timeout");
  if (!message.has_http1()) return violation("detect: no http1");
  if (!message.has_http2()) return violation("detect: no http2");
  if (!message.has_opaque()) return violation("detect: no opaque");
  const auto timeout = duration_from(message.timeout());
  if (!timeout) return violation_in("detect: timeout", timeout.error());
  policy.detect_timeout = *timeout;
  return with_http1(message.http1(), std::move(policy))
      .and_then([&](OutboundPolicy&& p) { return with_http2(message.http2(), std::move(p)); })
      .and_then([&](OutboundPolicy&& p) { return with_opaque(message.opaque(), std::move(p)); });
}

Read with_protocol(const Protocol& message, OutboundPolicy policy) {
  switch (message.kind_case()) {
    case Protocol::kDetect:
      policy.kind = Kind::detect;
      return with_detect(message.detect(), std::move(policy));
    case Protocol::kOpaque:
      policy.kind = Kind::opaque;
      return with_opaque(message.opaque(), std::move(policy));
    case Protocol::kHttp1:
      policy.kind = Kind::http1;
      return with_http1(message.http1(), std::move(policy));
    case Protocol::kHttp2:
      policy.kind = Kind::http2;
      return with_http2(message.http2(), std::move(policy));
    case Protocol::kGrpc:
      policy.kind = Kind::grpc;
      return with_grpc(message.grpc(), std::move(policy));
    case Protocol::kTls: policy.kind = Kind::tls; return with_tls(message.tls(), std::move(policy));
    case Protocol::KIND_NOT_SET: break;
  }
  return violation("protocol of no known kind");
}

}  // namespace

OutboundPolicy outbound_policy_from(const pb::outbound::OutboundPolicy& message) {
  auto meta = strict_meta_from(message.metadata());
  if (!meta) return OutboundPolicy::invalid(meta.error().reason);
  OutboundPolicy policy;
  policy.meta = *meta;
  auto read = with_protocol(message.protocol(), std::move(policy));
  if (!read) return OutboundPolicy::invalid(read.error().reason, std::move(*meta));
  return std::move(*read);
}

}  // namespace mesh::policy
