#include "meshkit/tls/signing_request.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <utility>

#include "meshkit/tls/identity_name.h"

namespace mesh::tls {
namespace {

constexpr std::size_t kMaxCommonName = 64;  // ub-common-name, RFC 5280 appendix A

using Extensions = bssl::UniquePtr<STACK_OF(X509_EXTENSION)>;

Extensions to_extensions(GENERAL_NAMES* names) {
  STACK_OF(X509_EXTENSION)* list = nullptr;
  if (X509V3_add1_i2d(&list, NID_subject_alt_name, names, /*crit=*/0, X509V3_ADD_DEFAULT) != 1)
    std::abort();
  return Extensions(list);
}

void set_common_name(X509_REQ* request, std::string_view name) {
  const bssl::UniquePtr<X509_NAME> subject(X509_NAME_new());
  if (subject == nullptr ||
      (name.size() <= kMaxCommonName &&
       X509_NAME_add_entry_by_NID(subject.get(), NID_commonName, MBSTRING_UTF8,
                                  as_bytes(name).data(), static_cast<ossl_ssize_t>(name.size()), -1,
                                  0) != 1) ||
      X509_REQ_set_subject_name(request, subject.get()) != 1)
    std::abort();
}

std::vector<std::string> names_asked_for(const X509_REQ* request) {
  const Extensions extensions(X509_REQ_get_extensions(request));
  const bssl::UniquePtr<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr)));
  return identities_among(names.get());
}

}  // namespace

Result<std::vector<std::uint8_t>> make_signing_request(const Key& key, std::string_view identity) {
  auto names = to_general_names({std::string(identity)});
  if (!names) return fail(names.error());
  const bssl::UniquePtr<X509_REQ> request(X509_REQ_new());
  const Extensions extensions = to_extensions(names->get());
  if (request == nullptr || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
      X509_REQ_set_pubkey(request.get(), key.raw()) != 1 ||
      X509_REQ_add_extensions(request.get(), extensions.get()) != 1)
    std::abort();
  set_common_name(request.get(), identity);
  if (X509_REQ_sign(request.get(), key.raw(), EVP_sha256()) == 0) {
    ERR_clear_error();
    return fail(Errc::invalid, "signing request: the key cannot sign with SHA-256");
  }

  std::uint8_t* der = nullptr;
  const int size = i2d_X509_REQ(request.get(), &der);
  if (size < 0) std::abort();
  const bssl::UniquePtr<std::uint8_t> owner(der);
  return std::vector<std::uint8_t>(der, der + size);
}

Result<SigningRequest> SigningRequest::from_der(Bytes der) {
  const std::uint8_t* at = der.data();
  const bssl::UniquePtr<X509_REQ> request(
      d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
  if (request == nullptr || at != der.data() + der.size()) {
    ERR_clear_error();
    return fail(Errc::invalid, "signing request: not DER of PKCS#10");
  }
  EVP_PKEY* public_key = X509_REQ_get_pubkey(request.get());
  const bool is_signed = public_key != nullptr && X509_REQ_verify(request.get(), public_key) == 1;
  ERR_clear_error();
  SigningRequest read{Ref(public_key)};
  if (!is_signed) return fail(Errc::invalid, "signing request: not signed by its own key");

  read.identities_ = names_asked_for(request.get());
  ERR_clear_error();
  if (read.identities_.empty()) {
    const std::string name = common_name_in(X509_REQ_get_subject_name(request.get()));
    if (is_dns_name(name))
      read.identities_.push_back(lower_case(name));
    else if (is_uri(name))
      read.identities_.push_back(name);
  }
  return read;
}

}  // namespace mesh::tls
