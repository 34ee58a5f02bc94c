#pragma once
// Profile: what the destination service says about an address: which service or endpoint it is,
// whether its bytes are to be left alone, and what a service profile adds. One complete snapshot.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proxy/policy/endpoint.h"
#include "proxy/policy/names.h"
#include "proxy/policy/profile_route.h"

namespace mesh::policy {

struct Profile {
  struct Override {
    NameAndPort destination;
    std::uint32_t weight = 0;  // not 0
  };

  std::string name;  // of the service, a DNS name; empty: the address belongs to none
  bool is_opaque = false;
  std::optional<Endpoint> endpoint;  // the address is this one endpoint
  std::vector<Override> overrides;   // where to split the service's traffic to; empty: no split
  std::vector<ProfileRoute> routes;
  std::optional<RetryBudget> retry_budget;  // none: nothing is retried
};

}  // namespace mesh::policy
