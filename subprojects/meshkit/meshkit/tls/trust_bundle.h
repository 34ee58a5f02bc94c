#pragma once
// TrustBundle: the roots that every peer's certificate must lead to.
//
// Immutable; a value whose copies share the roots, also between threads. A changed bundle is a new
// TrustBundle and, through a new Context, holds for new connections.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "meshkit/base/clock.h"
#include "meshkit/base/result.h"
#include "meshkit/tls/certificate.h"

namespace mesh::tls {

// Which end of a connection a certificate speaks for; extended key usage may permit just one.
enum class Usage : std::uint8_t { as_client, as_server };

class TrustBundle {
 public:
  static Result<TrustBundle> from_pem(std::string_view pem);
  // At least one root.
  static TrustBundle from_roots(std::vector<Certificate> roots);

  // Whether `leaf` leads to a root by way of any of `intermediates`, all of them valid at `when`
  // and permitted for `usage`; if so, for how long that holds. Names are not looked at, revocation
  // is not checked. The Error's text is the verifier's reason.
  Result<Validity> verify(const Certificate& leaf, std::span<const Certificate> intermediates,
                          Usage usage, WallTime when) const;

  const std::vector<Certificate>& roots() const noexcept { return roots_; }

 private:
  explicit TrustBundle(std::vector<Certificate> roots) : roots_(std::move(roots)) {}

  std::vector<Certificate> roots_;
};

}  // namespace mesh::tls
