#include "proxy/policy/inbound_from_api.h"

#include <google/protobuf/duration.pb.h>

#include "proxy/policy/each.h"
#include "proxy/policy/filters_from_api.h"
#include "proxy/policy/matches_from_api.h"
#include "proxy/policy/names.h"
#include "proxy/policy/values_from_api.h"

namespace mesh::policy {
namespace {

using LabelMap = google::protobuf::Map<std::string, std::string>;

std::string label_or(const LabelMap& labels, const char* name, std::string_view fallback) {
  const auto at = labels.find(name);
  return at == labels.end() ? std::string(fallback) : at->second;
}

// Metadata as labels, which is how older controllers write it. "default:x" names the built-in x.
Parsed<Meta> meta_from_labels(const LabelMap& labels, std::string_view group,
                              std::string_view kind) {
  const std::string name = label_or(labels, "name", "");
  if (name.empty()) return violation("labels without a name");
  constexpr std::string_view kBuiltIn = "default:";
  if (name.starts_with(kBuiltIn)) return Meta::built_in(name.substr(kBuiltIn.size()));
  const std::string its_kind = label_or(labels, "kind", kind);
  const bool is_built_in = its_kind == "default";
  return Meta{label_or(labels, "group", is_built_in ? "" : group), its_kind, name, "", "", 0};
}

Parsed<AllowedNetwork> allowed_from(const pb::inbound::Network& message) {
  if (!message.has_net()) return violation("no net");
  const auto network = network_from(message.net());
  if (!network) return tl::unexpected(network.error());
  auto except = each<net::IpNetwork>(message.except(), "except", network_from);
  if (!except) return tl::unexpected(except.error());
  return AllowedNetwork{*network, std::move(*except)};
}

// Identities as client certificates carry them.
std::string canonical(const std::string& identity) {
  return is_uri(identity) ? identity : lower_case(identity);
}

// No parts, or nothing but an empty one, is everybody with an identity.
void add_suffix(const pb::inbound::IdentitySuffix& message, AllowedIdentities& identities) {
  std::string suffix;
  for (const std::string& part : message.parts())
    if (!part.empty()) suffix += '.' + lower_case(part);
  if (suffix.empty()) {
    identities.any = true;
  } else {
    identities.suffixes.push_back(std::move(suffix));
  }
}

Parsed<Authorization> with_mesh_tls(const pb::inbound::Authn::PermitMeshTLS& message,
                                    Authorization authorization) {
  using Clients = pb::inbound::Authn::PermitMeshTLS;
  switch (message.clients_case()) {
    case Clients::kUnauthenticated:
      authorization.authentication = Authentication::mesh_tls;
      return authorization;
    case Clients::kIdentities:
      authorization.authentication = Authentication::identities;
      for (const auto& identity : message.identities().identities())
        authorization.identities.exact.push_back(canonical(identity.name()));
      for (const auto& suffix : message.identities().suffixes())
        add_suffix(suffix, authorization.identities);
      return authorization;
    case Clients::CLIENTS_NOT_SET: break;
  }
  return violation("mesh TLS without clients");
}

Parsed<Authorization> authorization_from(const pb::inbound::Authz& message) {
  Authorization authorization;
  if (message.metadata().kind_case() != pb::meta::Metadata::KIND_NOT_SET) {
    authorization.meta = lenient_meta_from(message.metadata());
  } else {
    auto meta = meta_from_labels(message.labels(), "policy.linkerd.io", "serverauthorization");
    if (!meta) return tl::unexpected(meta.error());
    authorization.meta = std::move(*meta);
  }
  if (message.networks().empty()) return violation("no networks");
  auto networks = each<AllowedNetwork>(message.networks(), "network", allowed_from);
  if (!networks) return tl::unexpected(networks.error());
  authorization.networks = std::move(*networks);

  switch (message.authentication().permit_case()) {
    case pb::inbound::Authn::kUnauthenticated: return authorization;
    case pb::inbound::Authn::kMeshTLS:
      return with_mesh_tls(message.authentication().meshtls(), std::move(authorization));
    case pb::inbound::Authn::PERMIT_NOT_SET: break;
  }
  return violation("no authentication");
}

Parsed<std::vector<Authorization>> authorizations_from(
    const Messages<pb::inbound::Authz>& messages) {
  return each<Authorization>(messages, "authorization", authorization_from);
}

Authorization loopback_authorization() {
  Authorization authorization;
  authorization.meta = Meta::built_in("localhost");
  for (const auto& [address, prefix] : {std::pair(net::IpAddress::loopback_v4(), 32u),
                                        std::pair(net::IpAddress::loopback_v6(), 128u)})
    if (const auto network = net::IpNetwork::make(address, prefix))
      authorization.networks.push_back(AllowedNetwork{*network, {}});
  return authorization;
}

// `Route` is the model's, `Message` inbound.HttpRoute or inbound.GrpcRoute.
template <class Route, class Message>
Parsed<Route> route_from(const Message& message) {
  using Rule = typename Route::Rule;
  Route route;
  route.meta = lenient_meta_from(message.metadata());
  auto hosts = hosts_from(message.hosts());
  if (!hosts) return tl::unexpected(hosts.error());
  route.hosts = std::move(*hosts);
  auto authorizations = authorizations_from(message.authorizations());
  if (!authorizations) return tl::unexpected(authorizations.error());
  route.authorizations = std::move(*authorizations);
  auto rules = each<Rule>(message.rules(), "rule", [](const auto& rule) -> Parsed<Rule> {
    auto matches = matches_from(rule.matches());
    if (!matches) return tl::unexpected(matches.error());
    auto filters =
        each<Filter>(rule.filters(), "filter", [](const auto& m) { return filter_from(m); });
    if (!filters) return tl::unexpected(filters.error());
    return Rule{std::move(*matches), std::move(*filters)};
  });
  if (!rules) return tl::unexpected(rules.error());
  route.rules = std::move(*rules);
  return route;
}

std::optional<std::uint32_t> limit_from(bool present,
                                        const pb::inbound::HttpLocalRateLimit::Limit& m) {
  if (!present || m.requestspersecond() == 0) return std::nullopt;
  return m.requestspersecond();
}

RateLimit rate_limit_from(const pb::inbound::HttpLocalRateLimit& message) {
  RateLimit limit;
  limit.meta = lenient_meta_from(message.metadata());
  limit.total = limit_from(message.has_total(), message.total());
  limit.per_identity = limit_from(message.has_identity(), message.identity());
  for (const auto& override : message.overrides()) {
    const auto rate = limit_from(override.has_limit(), override.limit());
    if (!rate) continue;
    RateLimit::Override special{*rate, {}};
    for (const auto& identity : override.clients().identities())
      special.identities.push_back(canonical(identity.name()));
    limit.overrides.push_back(std::move(special));
  }
  return limit;
}

using Protocol = pb::inbound::ProxyProtocol;
using Read = Parsed<ServerPolicy>;
using Kind = ServerPolicy::Kind;

Read with_http(Kind kind, const Messages<pb::inbound::HttpRoute>& messages,
               const pb::inbound::HttpLocalRateLimit* limit, ServerPolicy policy) {
  auto routes = each<InboundHttpRoute>(
      messages, "route", [](const auto& route) { return route_from<InboundHttpRoute>(route); });
  if (!routes) return tl::unexpected(routes.error());
  policy.kind = kind;
  policy.http_routes = routes->empty() ? default_http_routes() : std::move(*routes);
  if (limit != nullptr) policy.rate_limit = rate_limit_from(*limit);
  return policy;
}

Read with_grpc(const Protocol::Grpc& message, ServerPolicy policy) {
  auto routes = each<InboundGrpcRoute>(message.routes(), "route", [](const auto& route) {
    return route_from<InboundGrpcRoute>(route);
  });
  if (!routes) return tl::unexpected(routes.error());
  policy.kind = Kind::grpc;
  policy.grpc_routes = routes->empty() ? default_grpc_routes() : std::move(*routes);
  return policy;
}

Read with_detect(const Protocol::Detect& message, ServerPolicy policy) {
  if (!message.has_timeout()) return violation("no timeout");
  const auto timeout = duration_from(message.timeout());
  if (!timeout) return violation_in("timeout", timeout.error());
  policy.detect_timeout = *timeout;
  return with_http(Kind::detect, message.http_routes(),
                   message.has_http_local_rate_limit() ? &message.http_local_rate_limit() : nullptr,
                   std::move(policy));
}

Read of_kind(Kind kind, ServerPolicy policy) {
  policy.kind = kind;
  return policy;
}

Read with_protocol(const Protocol& message, ServerPolicy policy) {
  const auto limit_of = [](const auto& http) {
    return http.has_local_rate_limit() ? &http.local_rate_limit() : nullptr;
  };
  const auto& http1 = message.http1();
  const auto& http2 = message.http2();
  switch (message.kind_case()) {
    case Protocol::kDetect: return with_detect(message.detect(), std::move(policy));
    case Protocol::kOpaque: return of_kind(Kind::opaque, std::move(policy));
    case Protocol::kTls: return of_kind(Kind::tls, std::move(policy));
    case Protocol::kHttp1:
      return with_http(Kind::http1, http1.routes(), limit_of(http1), std::move(policy));
    case Protocol::kHttp2:
      return with_http(Kind::http2, http2.routes(), limit_of(http2), std::move(policy));
    case Protocol::kGrpc: return with_grpc(message.grpc(), std::move(policy));
    case Protocol::KIND_NOT_SET: break;
  }
  return violation("no known kind");
}

}  // namespace

ServerPolicy server_policy_from(const pb::inbound::Server& message) {
  auto meta = meta_from_labels(message.labels(), "policy.linkerd.io", "server");
  if (!meta) return ServerPolicy::invalid(meta.error().reason);
  const auto invalid = [&](std::string reason) {
    ServerPolicy policy = ServerPolicy::invalid(meta->text() + ": " + std::move(reason));
    policy.meta = *meta;
    return policy;
  };
  ServerPolicy policy;
  policy.meta = *meta;
  auto authorizations = authorizations_from(message.authorizations());
  if (!authorizations) return invalid(authorizations.error().reason);
  policy.authorizations = std::move(*authorizations);
  policy.authorizations.push_back(loopback_authorization());
  auto read = with_protocol(message.protocol(), std::move(policy));
  if (!read) return invalid("protocol: " + read.error().reason);
  return std::move(*read);
}

}  // namespace mesh::policy
