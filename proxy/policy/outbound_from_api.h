#pragma once
// OutboundPolicy out of the control plane's message.

#include "meshkit/api/outbound.pb.h"
#include "proxy/policy/outbound_policy.h"

namespace mesh::policy {

namespace pb = io::linkerd::proxy;

// A message that breaks the contract gives a policy of kind `invalid` with the reason.
OutboundPolicy outbound_policy_from(const pb::outbound::OutboundPolicy& message);

}  // namespace mesh::policy
