#pragma once
// Key: a private key with its public half.
//
// Workload keys are P-256, made in memory and never written anywhere by this class; the exports
// exist for an authority that keeps its issuer key in a secret. A Key is a value; copies share the
// immutable key material, also between threads, and the last one wipes it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "meshkit/base/bytes.h"
#include "meshkit/base/result.h"
#include "meshkit/tls/ref.h"

namespace mesh::tls {

class Key {
 public:
  // A fresh P-256 pair.
  static Key generate();
  // PKCS#8, unencrypted (RFC 5958), as in a key.p8 file.
  static Result<Key> from_der(Bytes pkcs8);
  // "PRIVATE KEY" or "EC PRIVATE KEY" (RFC 5915).
  static Result<Key> from_pem(std::string_view pem);

  bool is_p256() const;

  std::vector<std::uint8_t> der() const;  // PKCS#8
  std::string pem() const;                // the same, armoured

  EVP_PKEY* raw() const noexcept { return key_.get(); }

 private:
  explicit Key(Ref<EVP_PKEY> key) noexcept : key_(std::move(key)) {}

  Ref<EVP_PKEY> key_;
};

}  // namespace mesh::tls
