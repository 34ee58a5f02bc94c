#include "proxy/policy/effective_policy.h"

#include <algorithm>
#include <limits>

namespace mesh::policy {
namespace {

using Kind = OutboundPolicy::Kind;

constexpr Nanoseconds kDetectTimeout = std::chrono::seconds(10);

// Where a profile sends the whole traffic of its address.
struct ProfileTarget {
  Meta meta;
  Distribution distribution;
};

Distribution only(BackendTable::Index backend) {
  return Distribution{Distribution::Kind::first, {BackendChoice{backend, 1, {}}}, 0};
}

Backend balanced(NameAndPort destination, const Meta& meta) {
  return Backend{meta, Balanced{std::move(destination), {}, {}}, {}};
}

// Weights are scaled down together where their sum would not fit.
Distribution split(const std::vector<Profile::Override>& overrides, const Meta& meta,
                   BackendTable& backends) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  std::uint64_t sum = overrides.size();
  for (const auto& part : overrides) sum += part.weight;
  const std::uint64_t scale = sum / kMost + 1;
  Distribution distribution{Distribution::Kind::random, {}, 0};
  for (const auto& part : overrides) {
    const auto weight = static_cast<std::uint32_t>(std::max<std::uint64_t>(part.weight / scale, 1));
    const auto backend = backends.index_of(balanced(part.destination, meta));
    distribution.choices.push_back(BackendChoice{backend, weight, {}});
    distribution.total_weight += weight;
  }
  return distribution;
}

std::optional<ProfileTarget> target_of(const Profile* profile, std::uint16_t port,
                                       BackendTable& backends) {
  if (profile == nullptr) return std::nullopt;
  if (profile->endpoint) {
    const Meta meta = Meta::built_in("endpoint");
    return ProfileTarget{meta, only(backends.index_of(Backend{meta, *profile->endpoint, {}}))};
  }
  if (profile->name.empty()) return std::nullopt;
  const Meta meta = Meta::built_in("profile");
  if (!profile->overrides.empty())
    return ProfileTarget{meta, split(profile->overrides, meta, backends)};
  return ProfileTarget{meta, only(backends.index_of(balanced({profile->name, port}, meta)))};
}

Routes<HttpRoute> http_to(const ProfileTarget& target) {
  HttpRoute::Rule rule;
  rule.matches.emplace_back();
  rule.distribution = target.distribution;
  return {{HttpRoute{target.meta, {}, {std::move(rule)}}}, {}};
}

OpaqueRoute opaque_to(const ProfileTarget& target) {
  return OpaqueRoute{target.meta, {}, target.distribution};
}

OutboundPolicy synthesised(const net::SocketAddress& original, const Profile* profile) {
  OutboundPolicy policy;
  auto target = target_of(profile, original.port(), policy.backends);
  if (!target) {
    Endpoint plain;
    plain.address = original;
    const Meta meta = Meta::built_in("fallback");
    target =
        ProfileTarget{meta, only(policy.backends.index_of(Backend{meta, std::move(plain), {}}))};
  }
  policy.kind = Kind::detect;
  policy.detect_timeout = kDetectTimeout;
  policy.meta = target->meta;
  policy.http1 = http_to(*target);
  policy.http2 = http_to(*target);
  policy.opaque = opaque_to(*target);
  return policy;
}

bool is_http(Kind kind) noexcept {
  return kind == Kind::detect || kind == Kind::http1 || kind == Kind::http2 || kind == Kind::grpc;
}

bool is_bytes(Kind kind) noexcept { return kind == Kind::detect || kind == Kind::opaque; }

// A service profile with something to say about requests comes before the policy's HTTP routes,
// one that splits traffic also before its opaque route.
void prefer_profile(const Profile& profile, std::uint16_t port, OutboundPolicy& policy) {
  if (profile.routes.empty() && profile.overrides.empty()) return;
  const auto target = target_of(&profile, port, policy.backends);
  if (!target) return;
  if (is_http(policy.kind)) {
    policy.http1 = http_to(*target);
    policy.http2 = http_to(*target);
    policy.grpc = {};
    if (policy.kind == Kind::grpc) policy.kind = Kind::http2;
  }
  if (is_bytes(policy.kind) && !profile.overrides.empty()) policy.opaque = opaque_to(*target);
}

// What is known to be a member of the mesh is not spoken to in plaintext.
void identify_forwards(const Endpoint& endpoint, OutboundPolicy& policy) {
  if (!endpoint.server) return;
  for (BackendTable::Index i = 0; i < policy.backends.size(); ++i) {
    const Backend& backend = policy.backends[i];
    const auto* forward = std::get_if<Endpoint>(&backend.target);
    if (forward == nullptr || forward->server || forward->address != endpoint.address) continue;
    policy.backends.replace(i, Backend{backend.meta, endpoint, backend.queue});
  }
}

// What answers a request instead of forwarding it refuses the connection that may carry it.
Filters for_bytes(const Filters& filters) {
  const bool edits_only = std::all_of(filters.begin(), filters.end(), [](const Filter& filter) {
    return std::holds_alternative<EditRequest>(filter) ||
           std::holds_alternative<EditResponse>(filter);
  });
  return edits_only ? Filters{} : Filters{RejectForbidden{}};
}

OpaqueRoute bytes_route(const Meta& meta, const Filters& filters, Distribution distribution) {
  for (BackendChoice& choice : distribution.choices) choice.filters = for_bytes(choice.filters);
  return OpaqueRoute{meta, for_bytes(filters), std::move(distribution)};
}

// Of a policy that knows nothing of bytes: where its first rule would send a request.
std::optional<OpaqueRoute> first_destination(const OutboundPolicy& policy) {
  std::optional<OpaqueRoute> found;
  const auto look = [&](const auto& routes) {
    for (const auto& route : routes) {
      if (found || route.rules.empty()) continue;
      const auto& rule = route.rules.front();
      found = bytes_route(route.meta, rule.filters, rule.distribution);
    }
  };
  look(policy.http1.routes);
  look(policy.http2.routes);
  look(policy.grpc.routes);
  if (found || policy.tls.empty()) return found;
  const TlsRoute& route = policy.tls.front();
  return bytes_route(route.meta, route.filters, route.distribution);
}

void make_opaque(const Profile& profile, std::uint16_t port, OutboundPolicy& policy) {
  if (!is_bytes(policy.kind)) {
    const auto target = target_of(&profile, port, policy.backends);
    policy.opaque = target ? opaque_to(*target) : first_destination(policy);
  }
  policy.kind = Kind::opaque;
  policy.http1 = {};
  policy.http2 = {};
  policy.grpc = {};
  policy.tls.clear();
}

}  // namespace

OutboundPolicy effective_policy(const net::SocketAddress& original, const OutboundPolicy* policy,
                                const Profile* profile) {
  OutboundPolicy effective = policy != nullptr ? *policy : synthesised(original, profile);
  if (effective.kind == Kind::invalid || profile == nullptr) return effective;
  if (policy != nullptr && profile->endpoint) identify_forwards(*profile->endpoint, effective);
  if (policy != nullptr && !profile->endpoint) prefer_profile(*profile, original.port(), effective);
  if (profile->is_opaque) make_opaque(*profile, original.port(), effective);
  return effective;
}

}  // namespace mesh::policy
