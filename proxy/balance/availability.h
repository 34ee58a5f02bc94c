#pragma once
// Availability: whether an endpoint may be picked, from what the transport tells about it.
//
//            failed()                     retry time reached, picked
//   ready ───────────────▶ backing off ───────────────────────────▶ probing
//     ▲                         ▲              failed()                │
//     │                         └──────────────────────────────────────┤
//     └────────────────────────────── succeeded() ─────────────────────┘
//
// "Failed" is a refused or timed-out connection, a peer that fell silent, or an application that
// refused behind a live sidecar. While backing off nothing is sent; then one probe at a time goes
// there, and its success readmits the endpoint. Delays double from `min` to `max` with jitter.
// Pure.

#include <cstdint>

#include "meshkit/base/clock.h"
#include "meshkit/base/random.h"

namespace mesh::balance {

struct BackoffRange {
  Nanoseconds min = std::chrono::milliseconds(100);
  Nanoseconds max = std::chrono::seconds(60);
  double jitter = 0.1;  // fraction of the delay added at most

  friend bool operator==(const BackoffRange&, const BackoffRange&) = default;
};

// The delay after `failures` earlier ones in a row: min * 2^failures plus jitter, at most max.
Nanoseconds backoff_delay(const BackoffRange& range, std::uint32_t failures,
                          Random& random) noexcept;

class Availability {
 public:
  enum class State : std::uint8_t { ready, backing_off, probing };

  explicit Availability(const BackoffRange& range) noexcept : range_(range) {}

  State state() const noexcept { return state_; }
  bool is_ready() const noexcept { return state_ == State::ready; }

  // When a probe may be sent; meaningful while backing off.
  TimePoint retry_at() const noexcept { return retry_at_; }

  // True for the one caller that may send the probe now.
  bool admit_probe(TimePoint now) noexcept;

  void failed(TimePoint now, Random& random) noexcept;
  void succeeded() noexcept;
  // The probe ended without saying anything (its client gave up): another may go.
  void probe_abandoned(TimePoint now) noexcept;

 private:
  BackoffRange range_;
  State state_ = State::ready;
  std::uint8_t failures_ = 0;  // consecutive, saturating
  TimePoint retry_at_{};
};

}  // namespace mesh::balance
