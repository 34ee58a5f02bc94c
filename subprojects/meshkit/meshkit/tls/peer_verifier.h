#pragma once
// PeerVerifier: decides whether the chain that a peer shows leads to the bundle, and reads who the
// peer is.
//
// A workload shows the same chain on each of its connections, so a chain that was found good is
// remembered by its hash until one of its certificates expires: signatures are checked once per
// chain and not per connection. What fails is never remembered. Not thread-safe.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "meshkit/base/bytes.h"
#include "meshkit/base/clock.h"
#include "meshkit/base/result.h"
#include "meshkit/tls/trust_bundle.h"

namespace mesh::tls {

class PeerVerifier {
 public:
  // More peers than this on one loop start afresh.
  static constexpr std::size_t kMaxRemembered = 1024;

  // `clock` must outlive this.
  PeerVerifier(TrustBundle bundle, Usage usage, const Clock& clock)
      : bundle_(std::move(bundle)), usage_(usage), clock_(clock) {}

  // The identities that the leaf of `chain` names, if the chain is good; valid until the next call.
  // The chain is DER, leaf first, and not empty.
  Result<const std::vector<std::string>*> verify(std::span<const Bytes> chain);

  // How many chains were checked in full so far.
  std::uint64_t full_checks() const noexcept { return full_checks_; }

 private:
  using Hash = std::array<std::uint8_t, 32>;
  struct HashOfHash {
    std::size_t operator()(const Hash& hash) const noexcept;
  };
  struct Verified {
    Validity validity;
    std::vector<std::string> identities;
  };

  static Hash hash_of(std::span<const Bytes> chain);
  Result<Verified> check(std::span<const Bytes> chain, WallTime now);

  TrustBundle bundle_;
  Usage usage_;
  const Clock& clock_;
  std::unordered_map<Hash, Verified, HashOfHash> verified_;
  std::uint64_t full_checks_ = 0;
};

}  // namespace mesh::tls
