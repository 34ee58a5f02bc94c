#pragma once
// ServerPolicy out of the control plane's message.

#include "meshkit/api/inbound.pb.h"
#include "proxy/policy/inbound_policy.h"

namespace mesh::policy {

namespace pb = io::linkerd::proxy;

// A message that breaks the contract gives a policy of kind `invalid` with the reason. Every other
// one also lets in the workload itself, without authentication, from 127.0.0.1 and ::1.
ServerPolicy server_policy_from(const pb::inbound::Server& message);

}  // namespace mesh::policy
