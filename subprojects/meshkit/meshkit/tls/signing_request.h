#pragma once
// SigningRequest: a PKCS#10 certificate signing request (RFC 2986), made by a workload and read by
// an authority.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "meshkit/base/bytes.h"
#include "meshkit/base/result.h"
#include "meshkit/tls/key.h"
#include "meshkit/tls/ref.h"

namespace mesh::tls {

// DER of a request for `identity` (a DNS name, or a URI if it has a scheme): the common name and
// the one subject alternative name are the identity. Names longer than X.509 allows for a common
// name (64) stand in the alternative name only.
Result<std::vector<std::uint8_t>> make_signing_request(const Key& key, std::string_view identity);

class SigningRequest {
 public:
  // Fails unless the request is signed by the key that it carries.
  static Result<SigningRequest> from_der(Bytes der);

  // DNS and URI names asked for, as in Certificate; without those, the common name.
  const std::vector<std::string>& identities() const noexcept { return identities_; }
  EVP_PKEY* public_key() const noexcept { return public_key_.get(); }

 private:
  explicit SigningRequest(Ref<EVP_PKEY> public_key) noexcept : public_key_(std::move(public_key)) {}

  Ref<EVP_PKEY> public_key_;
  std::vector<std::string> identities_;
};

}  // namespace mesh::tls
