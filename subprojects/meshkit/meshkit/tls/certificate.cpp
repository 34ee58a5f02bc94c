#include "meshkit/tls/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "meshkit/tls/identity_name.h"
#include "meshkit/tls/key.h"

namespace mesh::tls {
namespace {

// A time that cannot be read is one that makes the certificate invalid at any time.
WallTime to_wall_time(const ASN1_TIME* time, WallTime if_unreadable) {
  std::int64_t seconds = 0;
  if (ASN1_TIME_to_posix(time, &seconds) != 1) return if_unreadable;
  // Beyond what the clock's nanoseconds can hold means for ever.
  constexpr auto kLast = std::chrono::floor<std::chrono::seconds>(WallTime::max());
  constexpr auto kFirst = std::chrono::ceil<std::chrono::seconds>(WallTime::min());
  const std::chrono::sys_seconds exact{std::chrono::seconds(seconds)};
  return std::clamp(exact, kFirst, kLast);
}

}  // namespace

Result<Certificate> Certificate::from_der(Bytes der) {
  const std::uint8_t* at = der.data();
  X509* certificate = d2i_X509(nullptr, &at, static_cast<long>(der.size()));
  if (certificate == nullptr) {
    ERR_clear_error();
    return fail(Errc::invalid, "certificate: not DER of X.509");
  }
  Certificate parsed{Ref(certificate)};
  if (at != der.data() + der.size())
    return fail(Errc::invalid, "certificate: followed by other bytes");
  return parsed;
}

Result<std::vector<Certificate>> Certificate::all_from_pem(std::string_view pem) {
  const bssl::UniquePtr<BIO> text(
      BIO_new_mem_buf(pem.data(), static_cast<ossl_ssize_t>(pem.size())));
  if (text == nullptr) std::abort();
  std::vector<Certificate> all;
  // PEM_read_bio_X509 skips blocks of other kinds.
  while (X509* certificate = PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr))
    all.push_back(Certificate(Ref(certificate)));
  const bool is_clean_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!is_clean_end) return fail(Errc::invalid, "certificates: a PEM block is broken");
  if (all.empty()) return fail(Errc::invalid, "certificates: the PEM text holds none");
  return all;
}

std::vector<std::string> Certificate::identities() const {
  const bssl::UniquePtr<GENERAL_NAMES> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(raw(), NID_subject_alt_name, nullptr, nullptr)));
  ERR_clear_error();
  return identities_among(names.get());
}

std::string Certificate::identity() const {
  std::vector<std::string> all = identities();
  return all.empty() ? std::string() : std::move(all.front());
}

bool Certificate::names(std::string_view identity) const {
  const std::vector<std::string> all = identities();
  return std::find(all.begin(), all.end(), identity) != all.end();
}

WallTime Certificate::not_before() const {
  return to_wall_time(X509_get0_notBefore(raw()), WallTime::max());
}

WallTime Certificate::not_after() const {
  return to_wall_time(X509_get0_notAfter(raw()), WallTime::min());
}

bool Certificate::is_authority() const { return X509_check_ca(raw()) == 1; }

bool Certificate::belongs_to(const Key& key) const {
  const bool matches = X509_check_private_key(raw(), key.raw()) == 1;
  ERR_clear_error();
  return matches;
}

std::vector<std::uint8_t> Certificate::der() const {
  std::uint8_t* bytes = nullptr;
  const int size = i2d_X509(raw(), &bytes);
  if (size < 0) std::abort();
  const bssl::UniquePtr<std::uint8_t> owner(bytes);
  return {bytes, bytes + size};
}

std::string Certificate::pem() const {
  const bssl::UniquePtr<BIO> out(BIO_new(BIO_s_mem()));
  if (out == nullptr || PEM_write_bio_X509(out.get(), raw()) != 1) std::abort();
  const std::uint8_t* text = nullptr;
  std::size_t size = 0;
  BIO_mem_contents(out.get(), &text, &size);
  return std::string(as_text({text, size}));
}

std::string Certificate::common_name() const {
  return common_name_in(X509_get_subject_name(raw()));
}

}  // namespace mesh::tls
