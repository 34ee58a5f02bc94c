#pragma once
// H2FloodGuard: tells when a peer makes a connection work without getting anything done.
//
// Known attacks and what stops them here: rapid reset (CVE-2023-44487) and MadeYouReset
// (CVE-2025-8671): the reset bucket; floods of PING, SETTINGS, PRIORITY, WINDOW_UPDATE, RST_STREAM
// and empty DATA (CVE-2019-9511 to 9518): the idle-frame bucket. CONTINUATION floods and frames of
// unknown types are nghttp2's to see, heads too large the H2HeadReader's.
//
// Pure: time comes in as an argument. A refusal is the static word that metrics use.

#include <cstddef>
#include <cstdint>

#include "meshkit/base/clock.h"
#include "meshkit/http/h2_settings.h"

namespace mesh::http {

// Starts full. Time counts only when the tokens in hand do not suffice.
class TokenBucket {
 public:
  TokenBucket(std::uint32_t burst, std::uint32_t per_second, TimePoint now) noexcept;

  // False when `cost` tokens are not to be had at `now`.
  bool take(double cost, TimePoint now) noexcept;
  void give(double tokens) noexcept;

 private:
  double burst_;
  double per_second_;
  double tokens_;
  TimePoint filled_;
};

class H2FloodGuard {
 public:
  H2FloodGuard(const H2Limits& limits, TimePoint now) noexcept;

  // These give null, or the reason to end the connection.
  // `type` and `flags` as in RFC 9113 section 6.
  const char* on_frame(std::uint8_t type, std::uint8_t flags, std::size_t length,
                       TimePoint now) noexcept;
  // A WINDOW_UPDATE (which on_frame lets pass) of a stream or the connection. Some honest peers
  // send thousands at once, each for a few KiB that they read; only small ones cost.
  const char* on_window_update(std::uint32_t increment, TimePoint now) noexcept;
  // The peer reset an exchange that it had opened `age` ago.
  const char* on_peer_reset(Nanoseconds age, TimePoint now) noexcept;
  // A mistake of the peer made us reset an exchange.
  const char* on_provoked_reset(TimePoint now) noexcept;

  void on_exchange_completed() noexcept { resets_.give(1); }
  void on_body_sent(std::size_t bytes) noexcept;

 private:
  TokenBucket resets_;
  TokenBucket idle_frames_;
};

}  // namespace mesh::http
