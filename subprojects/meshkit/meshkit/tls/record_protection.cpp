#include "meshkit/tls/record_protection.h"

#include <openssl/digest.h>
#include <openssl/err.h>
#include <openssl/hkdf.h>
#include <openssl/mem.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace mesh::tls {
namespace {

constexpr std::size_t kTag = 16;
constexpr std::size_t kMaxKey = 32;

struct Suite {
  const EVP_AEAD* cipher;
  const EVP_MD* digest;
};

// RFC 8446 appendix B.4.
Suite suite_of(std::uint16_t number) {
  switch (number) {
    case 0x1301: return {EVP_aead_aes_128_gcm(), EVP_sha256()};
    case 0x1302: return {EVP_aead_aes_256_gcm(), EVP_sha384()};
    case 0x1303: return {EVP_aead_chacha20_poly1305(), EVP_sha256()};
    default: std::abort();  // not among the suites that a Context offers
  }
}

// HKDF-Expand-Label with an empty context (RFC 8446 section 7.1).
void expand_label(const EVP_MD* digest, Bytes secret, std::string_view label, MutableBytes out) {
  std::array<std::uint8_t, 32> info{};
  constexpr std::string_view kPrefix = "tls13 ";
  std::uint8_t* at = info.data();
  store_be16(at, static_cast<std::uint16_t>(out.size()));
  at[2] = static_cast<std::uint8_t>(kPrefix.size() + label.size());
  at = std::copy(kPrefix.begin(), kPrefix.end(), at + 3);
  at = std::copy(label.begin(), label.end(), at);
  *at++ = 0;
  if (HKDF_expand(out.data(), out.size(), digest, secret.data(), secret.size(), info.data(),
                  static_cast<std::size_t>(at - info.data())) != 1)
    std::abort();
}

}  // namespace

RecordKeys::RecordKeys(const TrafficSecret& from) : sequence_(from.sequence), suite_(from.suite) {
  EVP_AEAD_CTX_zero(&cipher_);
  if (from.secret.size() != EVP_MD_size(suite_of(suite_).digest)) std::abort();
  std::copy(from.secret.begin(), from.secret.end(), secret_.begin());
  derive_keys();
}

RecordKeys::~RecordKeys() {
  EVP_AEAD_CTX_cleanup(&cipher_);
  OPENSSL_cleanse(&cipher_, sizeof(cipher_));
  OPENSSL_cleanse(secret_.data(), secret_.size());
  OPENSSL_cleanse(base_nonce_.data(), base_nonce_.size());
}

// RFC 8446 section 7.2.
void RecordKeys::update() {
  const EVP_MD* digest = suite_of(suite_).digest;
  const std::size_t size = EVP_MD_size(digest);
  std::array<std::uint8_t, 48> next;
  expand_label(digest, Bytes(secret_).first(size), "traffic upd", MutableBytes(next).first(size));
  secret_ = next;
  OPENSSL_cleanse(next.data(), next.size());
  derive_keys();
  sequence_ = 0;
}

// RFC 8446 section 7.3.
void RecordKeys::derive_keys() {
  const Suite suite = suite_of(suite_);
  const Bytes secret = Bytes(secret_).first(EVP_MD_size(suite.digest));
  std::array<std::uint8_t, kMaxKey> key;
  const MutableBytes used = MutableBytes(key).first(EVP_AEAD_key_length(suite.cipher));
  expand_label(suite.digest, secret, "key", used);
  expand_label(suite.digest, secret, "iv", base_nonce_);
  EVP_AEAD_CTX_cleanup(&cipher_);
  if (EVP_AEAD_CTX_init(&cipher_, suite.cipher, used.data(), used.size(), kTag, nullptr) != 1)
    std::abort();
  OPENSSL_cleanse(key.data(), key.size());
}

// RFC 8446 section 5.3: the record's number, counted from 0, added to the end of the nonce.
RecordKeys::Nonce RecordKeys::next_nonce() noexcept {
  Nonce nonce = base_nonce_;
  for (std::size_t i = 0; i < sizeof(sequence_); ++i)
    nonce[kNonce - 1 - i] ^= static_cast<std::uint8_t>(sequence_ >> (8 * i));
  ++sequence_;
  return nonce;
}

void Sealer::seal(ContentType type, Bytes plaintext, std::uint8_t* out) noexcept {
  const auto inner_type = static_cast<std::uint8_t>(type);
  out[0] = static_cast<std::uint8_t>(ContentType::application_data);
  out[1] = out[2] = 3;
  store_be16(out + 3, static_cast<std::uint16_t>(plaintext.size() + kRecordSuffix));
  const Nonce nonce = next_nonce();
  std::uint8_t* body = out + kRecordHeader;
  std::size_t suffix = 0;
  if (EVP_AEAD_CTX_seal_scatter(cipher(), body, body + plaintext.size(), &suffix, kRecordSuffix,
                                nonce.data(), nonce.size(), plaintext.data(), plaintext.size(),
                                &inner_type, 1, out, kRecordHeader) != 1 ||
      suffix != kRecordSuffix)
    std::abort();
}

Opener::Opened Opener::open(Bytes record, std::uint8_t* out) noexcept {
  const Nonce nonce = next_nonce();
  std::size_t size = record.size() - kRecordHeader - kTag;
  const Bytes sealed = record.subspan(kRecordHeader, size);
  if (EVP_AEAD_CTX_open_gather(cipher(), out, nonce.data(), nonce.size(), sealed.data(), size,
                               sealed.data() + size, kTag, record.data(), kRecordHeader) != 1) {
    ERR_clear_error();
    return {Verdict::forged};
  }
  if (size > kMaxPlaintext + 1) return {Verdict::too_long};
  // Zeros after the type are padding; a record of nothing but zeros has no type.
  while (size != 0 && out[size - 1] == 0) --size;
  if (size == 0) return {Verdict::no_type};
  return {Verdict::opened, out[size - 1], size - 1};
}

}  // namespace mesh::tls
