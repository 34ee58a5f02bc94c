#pragma once
// Issuer: a certificate authority that signs leaves and further authorities.
//
// Immutable after construction; a value that threads may copy.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "meshkit/base/clock.h"
#include "meshkit/base/result.h"
#include "meshkit/tls/certificate.h"
#include "meshkit/tls/key.h"

namespace mesh::tls {

class SigningRequest;

class Issuer {
 public:
  // A self-signed root with a fresh P-256 key.
  static Issuer make_root(std::string_view common_name, Validity validity);
  // `certificate` must be an authority's and belong to `key`; `chain` leads from it towards the
  // root, without the root.
  static Result<Issuer> from_parts(Certificate certificate, Key key,
                                   std::vector<Certificate> chain = {});

  // An authority below this one, with a fresh P-256 key.
  Issuer make_intermediate(std::string_view common_name, Validity validity) const;

  // A leaf for both ends of TLS connections, naming each of `identities` (DNS names or URIs, at
  // least one). A validity beyond the issuer's own is cut to it.
  Result<Certificate> sign(EVP_PKEY* public_key, const std::vector<std::string>& identities,
                           Validity validity) const;
  // The same for what `request` asks for.
  Result<Certificate> sign(const SigningRequest& request, Validity validity) const;

  const Certificate& certificate() const noexcept { return certificate_; }
  const Key& key() const noexcept { return key_; }
  // What a leaf must be sent with: this authority and those above it, without the root.
  std::vector<Certificate> intermediates() const;

 private:
  Issuer(Certificate certificate, Key key, std::vector<Certificate> chain)
      : certificate_(std::move(certificate)), key_(std::move(key)), chain_(std::move(chain)) {}

  Certificate certificate_;
  Key key_;
  std::vector<Certificate> chain_;
};

}  // namespace mesh::tls
