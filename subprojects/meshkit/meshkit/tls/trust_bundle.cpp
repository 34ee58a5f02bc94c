#include "meshkit/tls/trust_bundle.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace mesh::tls {
namespace {

using Stack = bssl::UniquePtr<STACK_OF(X509)>;

Stack to_stack(std::span<const Certificate> certificates) {
  Stack stack(sk_X509_new_null());
  if (stack == nullptr) std::abort();
  for (const Certificate& certificate : certificates)
    if (!bssl::PushToStack(stack.get(), bssl::UpRef(certificate.raw()))) std::abort();
  return stack;
}

std::int64_t to_posix(WallTime when) {
  return std::chrono::duration_cast<std::chrono::seconds>(when.time_since_epoch()).count();
}

Validity common_validity(const STACK_OF(X509) * chain) {
  Validity common{WallTime::min(), WallTime::max()};
  for (std::size_t i = 0; i < sk_X509_num(chain); ++i) {
    const auto link = Certificate::from_raw(Ref<X509>::share(sk_X509_value(chain, i)));
    common.not_before = std::max(common.not_before, link.not_before());
    common.not_after = std::min(common.not_after, link.not_after());
  }
  return common;
}

}  // namespace

Result<TrustBundle> TrustBundle::from_pem(std::string_view pem) {
  auto roots = Certificate::all_from_pem(pem);
  if (!roots) return fail(roots.error());
  return TrustBundle(std::move(*roots));
}

TrustBundle TrustBundle::from_roots(std::vector<Certificate> roots) {
  if (roots.empty()) std::abort();
  return TrustBundle(std::move(roots));
}

Result<Validity> TrustBundle::verify(const Certificate& leaf,
                                     std::span<const Certificate> intermediates, Usage usage,
                                     WallTime when) const {
  const Stack roots = to_stack(roots_);
  const Stack others = to_stack(intermediates);
  const bssl::UniquePtr<X509_STORE> store(X509_STORE_new());
  const bssl::UniquePtr<X509_STORE_CTX> check(X509_STORE_CTX_new());
  if (store == nullptr || check == nullptr ||
      X509_STORE_CTX_init(check.get(), store.get(), leaf.raw(), others.get()) != 1)
    std::abort();
  X509_STORE_CTX_set0_trusted_stack(check.get(), roots.get());
  X509_STORE_CTX_set_purpose(
      check.get(), usage == Usage::as_server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT);
  X509_STORE_CTX_set_time_posix(check.get(), 0, to_posix(when));
  // A bundle may hold an authority below its root as the anchor: it is trusted as it stands.
  X509_STORE_CTX_set_flags(check.get(), X509_V_FLAG_PARTIAL_CHAIN);
  const bool is_trusted = X509_verify_cert(check.get()) == 1;
  ERR_clear_error();
  if (is_trusted) return common_validity(X509_STORE_CTX_get0_chain(check.get()));
  return fail(Errc::tls, X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get())));
}

}  // namespace mesh::tls
