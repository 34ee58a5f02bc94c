#pragma once
// Sealer and Opener: TLS 1.3 record protection of one direction each (RFC 8446 section 5.2).
//
//   | 23 | 3 3 | length | plaintext, type, zeros (encrypted) ... | tag |
//    `---- header -----'                                          16
//
// They take over from the handshake's library when it has agreed on the secrets: records are then
// protected where they lie, without a buffer or an allocation of the library's, and an idle
// connection owns two of these instead of a whole TLS session. Secrets are wiped on destruction.

#include <openssl/aead.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "meshkit/base/bytes.h"

namespace mesh::tls {

enum class ContentType : std::uint8_t { alert = 21, handshake = 22, application_data = 23 };

inline constexpr std::size_t kRecordHeader = 5;
inline constexpr std::size_t kRecordSuffix = 1 + 16;  // content type and tag
inline constexpr std::size_t kRecordOverhead = kRecordHeader + kRecordSuffix;
inline constexpr std::size_t kMaxPlaintext = 16 * 1024;
inline constexpr std::size_t kMaxCiphertext = kMaxPlaintext + 256;  // RFC 8446 section 5.2

// What one direction starts from, as agreed in the handshake.
struct TrafficSecret {
  std::uint16_t suite = 0;  // IANA cipher suite number
  Bytes secret;
  std::uint64_t sequence = 0;  // records already protected under it
};

// The key, nonce and count of one direction; the common part of the two classes below.
class RecordKeys {
 public:
  explicit RecordKeys(const TrafficSecret& from);
  RecordKeys(const RecordKeys&) = delete;
  RecordKeys& operator=(const RecordKeys&) = delete;
  ~RecordKeys();

  // Moves to the next generation of keys, as a KeyUpdate asks.
  void update();

 protected:
  static constexpr std::size_t kNonce = 12;
  using Nonce = std::array<std::uint8_t, kNonce>;

  Nonce next_nonce() noexcept;
  const EVP_AEAD_CTX* cipher() const noexcept { return &cipher_; }
  std::uint64_t sequence() const noexcept { return sequence_; }

 private:
  void derive_keys();

  EVP_AEAD_CTX cipher_;
  std::uint64_t sequence_;
  std::array<std::uint8_t, 48> secret_;
  Nonce base_nonce_;
  std::uint16_t suite_;
};

class Sealer : public RecordKeys {
 public:
  using RecordKeys::RecordKeys;

  // Protects `plaintext` (<= kMaxPlaintext) as one record of `plaintext.size() + kRecordOverhead`
  // bytes at `out`. The plaintext lies elsewhere, or already in place at `out + kRecordHeader`.
  void seal(ContentType type, Bytes plaintext, std::uint8_t* out) noexcept;

  // Time to update(): RFC 8446 section 5.5 bounds what one AES-GCM key may protect.
  bool is_worn() const noexcept { return sequence() >= kMaxRecords; }

  static constexpr std::uint64_t kMaxRecords = std::uint64_t{1} << 23;
};

class Opener : public RecordKeys {
 public:
  using RecordKeys::RecordKeys;

  enum class Verdict : std::uint8_t { opened, forged, no_type, too_long };
  struct Opened {
    Verdict verdict;
    std::uint8_t type = 0;  // a ContentType if the peer keeps to the protocol
    std::size_t size = 0;   // of the plaintext
  };

  // Opens a whole record (header included) into `out`, which has room for the record's payload and
  // lies elsewhere or exactly on it.
  Opened open(Bytes record, std::uint8_t* out) noexcept;
};

}  // namespace mesh::tls
