#include "proxy/policy/default_policy.h"

#include <algorithm>
#include <array>

namespace mesh::policy {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"deny",
                                                    "all-authenticated",
                                                    "all-unauthenticated",
                                                    "cluster-authenticated",
                                                    "cluster-unauthenticated",
                                                    "audit"};

bool needs_identity(DefaultPolicy policy) noexcept {
  return policy == DefaultPolicy::all_authenticated ||
         policy == DefaultPolicy::cluster_authenticated;
}

std::vector<AllowedNetwork> allowed(std::span<const net::IpNetwork> networks) {
  std::vector<AllowedNetwork> result;
  for (const net::IpNetwork& network : networks) result.push_back(AllowedNetwork{network, {}});
  return result;
}

std::vector<Authorization> authorizations_of(DefaultPolicy policy,
                                             std::span<const net::IpNetwork> cluster_networks) {
  if (policy == DefaultPolicy::deny) return {};
  Authorization authorization;
  authorization.meta = Meta::built_in(name_of(policy));
  authorization.networks = is_for_cluster(policy) ? allowed(cluster_networks) : all_networks();
  if (needs_identity(policy)) {
    authorization.authentication = Authentication::identities;
    authorization.identities.any = true;
  }
  return {std::move(authorization)};
}

}  // namespace

std::string_view name_of(DefaultPolicy policy) noexcept {
  return kNames[static_cast<std::size_t>(policy)];
}

std::optional<DefaultPolicy> default_policy_named(std::string_view name) noexcept {
  const auto at = std::find(kNames.begin(), kNames.end(), name);
  if (at == kNames.end()) return std::nullopt;
  return static_cast<DefaultPolicy>(at - kNames.begin());
}

bool is_for_cluster(DefaultPolicy policy) noexcept {
  return policy == DefaultPolicy::cluster_authenticated ||
         policy == DefaultPolicy::cluster_unauthenticated;
}

ServerPolicy default_server_policy(DefaultPolicy policy, ServerPolicy::Kind kind,
                                   Nanoseconds detect_timeout,
                                   std::span<const net::IpNetwork> cluster_networks) {
  ServerPolicy result;
  result.kind = kind;
  result.meta = Meta::built_in(name_of(policy));
  result.detect_timeout = detect_timeout;
  result.authorizations = authorizations_of(policy, cluster_networks);
  if (kind == ServerPolicy::Kind::detect) result.http_routes = default_http_routes();
  return result;
}

std::vector<AllowedNetwork> all_networks() {
  std::vector<AllowedNetwork> networks;
  for (const auto& any : {net::IpAddress::any_v4(), net::IpAddress::any_v6()})
    if (const auto network = net::IpNetwork::make(any, 0))
      networks.push_back(AllowedNetwork{*network, {}});
  return networks;
}

}  // namespace mesh::policy
