#pragma once
// TestAuthority: a certificate authority made at run time, with a root and an issuer below it.
//
// Everything it signs is valid from 2020 to 2049 unless a test says otherwise, so that both the
// system clock and a ManualClock lie inside.

#include <string>
#include <string_view>
#include <vector>

#include "meshkit/tls/credentials.h"
#include "meshkit/tls/issuer.h"
#include "meshkit/tls/trust_bundle.h"

namespace mesh::test {

tls::Validity long_validity();

class TestAuthority {
 public:
  explicit TestAuthority(std::string_view name = "test root");

  const tls::Issuer& root() const { return root_; }
  const tls::Issuer& issuer() const { return issuer_; }
  tls::TrustBundle bundle() const { return tls::TrustBundle::from_roots({root_.certificate()}); }

  // A fresh key and a leaf of the issuer, with the intermediate.
  tls::Credentials credentials(const std::vector<std::string>& identities,
                               tls::Validity validity = long_validity()) const;
  tls::Credentials credentials_of(const std::string& identity) const {
    return credentials(std::vector<std::string>{identity});
  }

 private:
  tls::Issuer root_;
  tls::Issuer issuer_;
};

}  // namespace mesh::test
