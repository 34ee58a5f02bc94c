#pragma once
// HubSettings: what the watches need to know about this workload and its limits.

#include <string>
#include <vector>

#include "meshkit/net/address.h"
#include "proxy/discover/watch_stream.h"
#include "proxy/policy/default_policy.h"

namespace mesh::discover {

struct HubSettings {
  std::string context_token;                     // of destination requests, verbatim
  std::string workload;                          // of policy requests, verbatim
  std::vector<net::IpNetwork> profile_networks;  // addresses that profiles are asked for
  std::vector<net::IpAddress> own_addresses;     // endpoints there are the workload itself
  Milliseconds discovery_timeout{3000};
  StreamLimits limits;
  BackoffPolicy backoff{.min = Milliseconds(100), .max = Milliseconds(10'000), .jitter = 0.1};
  policy::DefaultPolicy default_policy = policy::DefaultPolicy::all_unauthenticated;
  std::vector<net::IpNetwork> cluster_networks;
  std::vector<std::uint16_t> opaque_ports;  // sorted: under the default policy
  Nanoseconds detect_timeout = std::chrono::seconds(10);
};

}  // namespace mesh::discover
