#pragma once
// Certificate: one parsed X.509 certificate (RFC 5280) and the identities it names.
//
// An identity is a subject alternative name that is a DNS name or a URI. IP and e-mail names, DNS
// names with a trailing dot, names that are not valid text and the common name are never
// identities. DNS identities are lower-cased; URIs stay as they are.
//
// A value; copies share the immutable parsed form, also between threads.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "meshkit/base/bytes.h"
#include "meshkit/base/clock.h"
#include "meshkit/base/result.h"
#include "meshkit/tls/ref.h"

namespace mesh::tls {

class Key;

struct Validity {
  WallTime not_before;
  WallTime not_after;
};

class Certificate {
 public:
  static Result<Certificate> from_der(Bytes der);
  // Every certificate of a PEM text, in order; other armoured blocks between them are skipped.
  // Fails when there is none.
  static Result<std::vector<Certificate>> all_from_pem(std::string_view pem);
  static Certificate from_raw(Ref<X509> certificate) { return Certificate(std::move(certificate)); }

  // In the order of the certificate; the first one is who a client is.
  std::vector<std::string> identities() const;
  // The first of identities(), or empty.
  std::string identity() const;
  // Whether `identity` (lower-case if it is a DNS name) is among identities().
  bool names(std::string_view identity) const;

  WallTime not_before() const;
  WallTime not_after() const;
  bool is_authority() const;
  bool belongs_to(const Key& key) const;

  std::vector<std::uint8_t> der() const;
  std::string pem() const;
  std::string common_name() const;  // of the subject; empty when it has none

  X509* raw() const noexcept { return certificate_.get(); }

 private:
  explicit Certificate(Ref<X509> certificate) noexcept : certificate_(std::move(certificate)) {}

  Ref<X509> certificate_;
};

}  // namespace mesh::tls
