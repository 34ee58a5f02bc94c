#pragma once
// H2FloodGuard: tells when a peer makes a connection work without getting anything done.
//
// Known attacks and what stops them here: rapid reset (CVE-2023-44487) and MadeYouReset
// (CVE-2025-8671): the reset bucket; floods of PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA
// and unknown frames (CVE-2019-9511 to 9518): the idle-frame bucket. CONTINUATION floods are
// nghttp2's to see, heads too large the H2HeadReader's.
//
// Pure: time comes in as an argument. A refusal is the static word that metrics use.

#include <cstddef>
#include <cstdint>

#include "meshkit/base/clock.h"
#include "meshkit/http/h2_settings.h"

namespace mesh::http {

// Starts full. Time is read only when the tokens in hand do not suffice.
class TokenBucket {
 public:
  TokenBucket(std::uint32_t burst, std::uint32_t per_second) noexcept
      : burst_(burst), per_second_(per_second), tokens_(burst) {}

  // False when `cost` tokens are not to be had at `now`.
  bool take(double cost, TimePoint now) noexcept;
  void give(double tokens) noexcept;

 private:
  float burst_;
  float per_second_;
  double tokens_;
  TimePoint filled_{};
};

class H2FloodGuard {
 public:
  explicit H2FloodGuard(const H2Limits& limits) noexcept;

  // All give null, or the reason to end the connection. Frame types and flags of RFC 9113.
  const char* on_frame(std::uint8_t type, std::uint8_t flags, std::size_t length,
                       TimePoint now) noexcept;
  // The peer reset an exchange that had been open for `age`.
  const char* on_peer_reset(Nanoseconds age, TimePoint now) noexcept;
  // The peer's mistake made us reset an exchange.
  const char* on_provoked_reset(TimePoint now) noexcept;

  void on_exchange_completed() noexcept { resets_.give(1); }
  void on_body_sent(std::size_t bytes) noexcept;

 private:
  TokenBucket resets_;
  TokenBucket idle_frames_;
};

}  // namespace mesh::http
