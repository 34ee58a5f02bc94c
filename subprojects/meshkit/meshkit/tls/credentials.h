#pragma once
// Credentials: what a workload shows to prove who it is. A value that threads may copy.

#include <string_view>
#include <vector>

#include "meshkit/base/clock.h"
#include "meshkit/base/result.h"
#include "meshkit/tls/certificate.h"
#include "meshkit/tls/key.h"
#include "meshkit/tls/trust_bundle.h"

namespace mesh::tls {

struct Credentials {
  Key key;                                 // P-256
  Certificate leaf;                        // of `key`
  std::vector<Certificate> intermediates;  // from the leaf towards the root, without the root
};

// What must hold before credentials are put in service: the key is P-256 and the leaf's own, the
// leaf names `identity`, and the chain leads to a root of `bundle` at `now` for both ends.
Status check(const Credentials& credentials, std::string_view identity, const TrustBundle& bundle,
             WallTime now);

}  // namespace mesh::tls
