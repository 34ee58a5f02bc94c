#pragma once
// WorkloadIdentity: what this workload shows to others and whom it trusts, as one value that the
// control thread makes and every worker gets a copy of.

#include <string>

#include "meshkit/base/snapshot.h"
#include "meshkit/tls/credentials.h"
#include "meshkit/tls/trust_bundle.h"

namespace mesh::identity {

struct WorkloadIdentity {
  std::string name;  // the identity in the certificate
  tls::Credentials credentials;
  tls::TrustBundle bundle;
};

// Told whenever a new certificate or a new bundle is in force.
class IdentityEvents {
 public:
  virtual void on_identity(const Snapshot<WorkloadIdentity>& identity) = 0;

 protected:
  ~IdentityEvents() = default;
};

}  // namespace mesh::identity
