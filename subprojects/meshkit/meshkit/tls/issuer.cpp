#include "meshkit/tls/issuer.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "meshkit/tls/identity_name.h"
#include "meshkit/tls/signing_request.h"

namespace mesh::tls {
namespace {

// What the library refuses here is out of memory or a mistake of ours.
void must(int succeeded) {
  if (succeeded != 1) std::abort();
}

// 127 random bits: RFC 5280 section 4.1.2.2 wants them unique, positive and at most 20 bytes.
void set_random_serial(X509* certificate) {
  std::array<std::uint8_t, 16> bytes{};
  RAND_bytes(bytes.data(), bytes.size());
  bytes[0] = static_cast<std::uint8_t>((bytes[0] & 0x7f) | 0x40);
  const bssl::UniquePtr<BIGNUM> number(BN_bin2bn(bytes.data(), bytes.size(), nullptr));
  const bssl::UniquePtr<ASN1_INTEGER> serial(BN_to_ASN1_INTEGER(number.get(), nullptr));
  must(X509_set_serialNumber(certificate, serial.get()));
}

void set_time(ASN1_TIME* field, WallTime time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch());
  if (ASN1_TIME_set_posix(field, seconds.count()) == nullptr) std::abort();
}

bssl::UniquePtr<X509_NAME> make_subject(std::string_view common_name) {
  bssl::UniquePtr<X509_NAME> subject(X509_NAME_new());
  must(X509_NAME_add_entry_by_NID(subject.get(), NID_commonName, MBSTRING_UTF8,
                                  as_bytes(common_name).data(),
                                  static_cast<ossl_ssize_t>(common_name.size()), -1, 0));
  return subject;
}

// A version 3 certificate for `key` without names and extensions.
bssl::UniquePtr<X509> make_blank(EVP_PKEY* key, Validity validity) {
  bssl::UniquePtr<X509> blank(X509_new());
  if (blank == nullptr) std::abort();
  must(X509_set_version(blank.get(), X509_VERSION_3));
  set_random_serial(blank.get());
  set_time(X509_getm_notBefore(blank.get()), validity.not_before);
  set_time(X509_getm_notAfter(blank.get()), validity.not_after);
  must(X509_set_pubkey(blank.get(), key));
  return blank;
}

// SHA-1 of the public key, as RFC 5280 section 4.2.1.2 proposes: an identifier, not a protection.
bssl::UniquePtr<ASN1_OCTET_STRING> key_identifier(const X509* certificate) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  must(X509_pubkey_digest(certificate, EVP_sha1(), digest.data(), &size));
  bssl::UniquePtr<ASN1_OCTET_STRING> identifier(ASN1_OCTET_STRING_new());
  must(ASN1_OCTET_STRING_set(identifier.get(), digest.data(), static_cast<int>(size)));
  return identifier;
}

void add(X509* certificate, int nid, void* value, bool critical) {
  must(X509_add1_ext_i2d(certificate, nid, value, critical ? 1 : 0, X509V3_ADD_DEFAULT));
}

void add_key_identifiers(X509* certificate, const X509* authority) {
  add(certificate, NID_subject_key_identifier, key_identifier(certificate).get(), false);
  const bssl::UniquePtr<AUTHORITY_KEYID> link(AUTHORITY_KEYID_new());
  link->keyid = key_identifier(authority).release();
  add(certificate, NID_authority_key_identifier, link.get(), false);
}

void add_key_usage(X509* certificate, std::initializer_list<int> bits) {
  const bssl::UniquePtr<ASN1_BIT_STRING> usage(ASN1_BIT_STRING_new());
  for (const int bit : bits) must(ASN1_BIT_STRING_set_bit(usage.get(), bit, 1));
  add(certificate, NID_key_usage, usage.get(), true);
}

constexpr int kDigitalSignature = 0;  // bits of KeyUsage, RFC 5280 section 4.2.1.3
constexpr int kKeyCertSign = 5;
constexpr int kCrlSign = 6;

void add_authority_extensions(X509* certificate) {
  const bssl::UniquePtr<BASIC_CONSTRAINTS> constraints(BASIC_CONSTRAINTS_new());
  constraints->ca = ASN1_BOOLEAN_TRUE;
  add(certificate, NID_basic_constraints, constraints.get(), true);
  add_key_usage(certificate, {kKeyCertSign, kCrlSign});
}

void add_leaf_extensions(X509* certificate) {
  const bssl::UniquePtr<BASIC_CONSTRAINTS> constraints(BASIC_CONSTRAINTS_new());
  add(certificate, NID_basic_constraints, constraints.get(), true);
  add_key_usage(certificate, {kDigitalSignature});
  const bssl::UniquePtr<EXTENDED_KEY_USAGE> purposes(sk_ASN1_OBJECT_new_null());
  for (const int nid : {NID_server_auth, NID_client_auth})
    must(static_cast<int>(sk_ASN1_OBJECT_push(purposes.get(), OBJ_nid2obj(nid)) != 0));
  add(certificate, NID_ext_key_usage, purposes.get(), false);
}

// RSA and ECDSA sign a digest; Ed25519 brings its own.
void sign_with(X509* certificate, EVP_PKEY* key) {
  const EVP_MD* digest = EVP_PKEY_id(key) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
  if (X509_sign(certificate, key, digest) == 0) std::abort();
}

// `parent` null makes it sign itself.
Certificate make_authority(const Key& key, std::string_view common_name, Validity validity,
                           const X509* parent, EVP_PKEY* parent_key) {
  bssl::UniquePtr<X509> authority = make_blank(key.raw(), validity);
  const bssl::UniquePtr<X509_NAME> subject = make_subject(common_name);
  must(X509_set_subject_name(authority.get(), subject.get()));
  must(X509_set_issuer_name(authority.get(),
                            parent == nullptr ? subject.get() : X509_get_subject_name(parent)));
  add_authority_extensions(authority.get());
  add_key_identifiers(authority.get(), parent == nullptr ? authority.get() : parent);
  sign_with(authority.get(), parent_key);
  return Certificate::from_raw(Ref(authority.release()));
}

}  // namespace

Issuer Issuer::make_root(std::string_view common_name, Validity validity) {
  Key key = Key::generate();
  Certificate root = make_authority(key, common_name, validity, nullptr, key.raw());
  return Issuer(std::move(root), std::move(key), {});
}

Result<Issuer> Issuer::from_parts(Certificate certificate, Key key,
                                  std::vector<Certificate> chain) {
  if (!certificate.is_authority())
    return fail(Errc::invalid, "issuer: the certificate is not an authority's");
  if (!certificate.belongs_to(key))
    return fail(Errc::invalid, "issuer: the certificate is of another key");
  return Issuer(std::move(certificate), std::move(key), std::move(chain));
}

Issuer Issuer::make_intermediate(std::string_view common_name, Validity validity) const {
  Key key = Key::generate();
  Certificate authority =
      make_authority(key, common_name, validity, certificate_.raw(), key_.raw());
  return Issuer(std::move(authority), std::move(key), intermediates());
}

Result<Certificate> Issuer::sign(EVP_PKEY* public_key, const std::vector<std::string>& identities,
                                 Validity validity) const {
  if (identities.empty()) return fail(Errc::invalid, "certificate: names nobody");
  auto names = to_general_names(identities);
  if (!names) return fail(names.error());
  validity.not_before = std::max(validity.not_before, certificate_.not_before());
  validity.not_after = std::min(validity.not_after, certificate_.not_after());

  bssl::UniquePtr<X509> leaf = make_blank(public_key, validity);
  must(X509_set_issuer_name(leaf.get(), X509_get_subject_name(certificate_.raw())));
  add_leaf_extensions(leaf.get());
  // Critical because the subject is empty (RFC 5280 section 4.2.1.6).
  add(leaf.get(), NID_subject_alt_name, names->get(), true);
  add_key_identifiers(leaf.get(), certificate_.raw());
  sign_with(leaf.get(), key_.raw());
  return Certificate::from_raw(Ref(leaf.release()));
}

Result<Certificate> Issuer::sign(const SigningRequest& request, Validity validity) const {
  return sign(request.public_key(), request.identities(), validity);
}

std::vector<Certificate> Issuer::intermediates() const {
  const bool is_root = X509_NAME_cmp(X509_get_subject_name(certificate_.raw()),
                                     X509_get_issuer_name(certificate_.raw())) == 0;
  if (is_root) return {};
  std::vector<Certificate> all{certificate_};
  all.insert(all.end(), chain_.begin(), chain_.end());
  return all;
}

}  // namespace mesh::tls
