#pragma once
// Endpoints and changes of endpoint sets out of the control plane's messages.
//
// Lenient where the contract is: an identity, authority or port that cannot be used is left out, an
// address that cannot be used drops its endpoint alone.

#include <optional>

#include "meshkit/api/destination.pb.h"
#include "proxy/policy/endpoint.h"
#include "proxy/policy/endpoint_set.h"

namespace mesh::policy {

namespace pb = io::linkerd::proxy;

// None without an address, or with port 0.
std::optional<Endpoint> endpoint_from(const pb::destination::WeightedAddr& message);

// A change that names no endpoint when the message has nothing usable in it.
EndpointChange endpoint_change_from(const pb::destination::Update& message);

}  // namespace mesh::policy
