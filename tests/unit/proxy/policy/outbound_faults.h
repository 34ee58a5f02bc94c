#pragma once
// What is wrong with a message for an outbound policy.

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "proxy/policy/outbound_from_api.h"

namespace mesh::policy::test {

// Why the message is invalid; empty when it is not.
inline std::string fault(const pb::outbound::OutboundPolicy& message) {
  const auto policy = outbound_policy_from(message);
  return policy.kind == OutboundPolicy::Kind::invalid ? policy.reason : "";
}

inline bool has_fault(const pb::outbound::OutboundPolicy& message, std::string_view what) {
  const std::string reason = fault(message);
  INFO(reason);
  const bool found = reason.find(what) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace mesh::policy::test
