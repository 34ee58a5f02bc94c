#include "meshkit/tls/peer_verifier.h"

#include <openssl/sha2.h>

#include <cstring>
#include <utility>

namespace mesh::tls {
Result<const std::vector<std::string>*> PeerVerifier::verify(std::span<const Bytes> chain) {
  const Hash hash = hash_of(chain);
  const WallTime now = clock_.wall_now();
  if (const auto known = verified_.find(hash); known != verified_.end()) {
    const Validity& validity = known->second.validity;
    if (validity.not_before <= now && now < validity.not_after) return &known->second.identities;
    verified_.erase(known);
  }

  auto verified = check(chain, now);
  if (!verified) return fail(verified.error());
  if (verified_.size() >= kMaxRemembered) verified_.clear();
  return &verified_.emplace(hash, std::move(*verified)).first->second.identities;
}

Result<PeerVerifier::Verified> PeerVerifier::check(std::span<const Bytes> chain, WallTime now) {
  ++full_checks_;
  std::vector<Certificate> certificates;
  for (const Bytes der : chain) {
    auto certificate = Certificate::from_der(der);
    if (!certificate) return fail(Errc::tls, "peer's certificate is malformed");
    certificates.push_back(std::move(*certificate));
  }
  const std::span<const Certificate> all(certificates);
  auto validity = bundle_.verify(all.front(), all.subspan(1), usage_, now);
  if (!validity) return fail(validity.error());
  return Verified{*validity, all.front().identities()};
}

// Each certificate's length comes before it, so that no two chains give the same bytes.
PeerVerifier::Hash PeerVerifier::hash_of(std::span<const Bytes> chain) {
  SHA256_CTX state;
  SHA256_Init(&state);
  for (const Bytes der : chain) {
    const std::uint64_t size = der.size();
    SHA256_Update(&state, &size, sizeof(size));
    SHA256_Update(&state, der.data(), der.size());
  }
  Hash hash;
  SHA256_Final(hash.data(), &state);
  return hash;
}

std::size_t PeerVerifier::HashOfHash::operator()(const Hash& hash) const noexcept {
  std::size_t part = 0;
  std::memcpy(&part, hash.data(), sizeof(part));
  return part;
}

}  // namespace mesh::tls
