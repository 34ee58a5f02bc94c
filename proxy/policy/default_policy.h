#pragma once
// DefaultPolicy: what a port lets in as long as, or if ever, the control plane says nothing of it.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "meshkit/base/clock.h"
#include "meshkit/net/address.h"
#include "proxy/policy/inbound_policy.h"

namespace mesh::policy {

enum class DefaultPolicy : std::uint8_t {
  deny,
  all_authenticated,
  all_unauthenticated,
  cluster_authenticated,    // from the cluster's networks
  cluster_unauthenticated,  // from the cluster's networks
  audit,                    // everybody, counted as audited
};

// "all-authenticated"
std::string_view name_of(DefaultPolicy policy) noexcept;
std::optional<DefaultPolicy> default_policy_named(std::string_view name) noexcept;

// Only these make use of the cluster's networks.
bool is_for_cluster(DefaultPolicy policy) noexcept;

// `kind` is detect or opaque. Without networks a policy for the cluster lets nobody in.
ServerPolicy default_server_policy(DefaultPolicy policy, ServerPolicy::Kind kind,
                                   Nanoseconds detect_timeout,
                                   std::span<const net::IpNetwork> cluster_networks);

// 0.0.0.0/0 and ::/0.
std::vector<AllowedNetwork> all_networks();

}  // namespace mesh::policy
