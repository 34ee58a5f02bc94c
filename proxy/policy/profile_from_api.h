#pragma once
// Profile out of the control plane's message. Every part that cannot be used is left out alone.

#include "meshkit/api/destination.pb.h"
#include "proxy/policy/profile.h"

namespace mesh::policy {

namespace pb = io::linkerd::proxy;

Profile profile_from(const pb::destination::DestinationProfile& message);

}  // namespace mesh::policy
