#include "meshkit/http/h2_limits.h"

#include <algorithm>
#include <chrono>

namespace mesh::http {
namespace {

constexpr std::uint8_t kData = 0, kHeaders = 1, kPriority = 2, kResetStream = 3, kSettings = 4,
                       kPing = 6, kGoaway = 7, kContinuation = 9;
constexpr std::uint8_t kEndStream = 0x1;

// An exchange this old was not opened only to be reset.
constexpr Nanoseconds kHonestAge = std::chrono::seconds(1);

// A window opened by this much is worth a frame.
constexpr std::uint32_t kWorthwhileStep = 1024;

// Body bytes that pay for one frame of credit: peers may open the window in small steps.
constexpr double kBytesPerToken = 512;

// Null: the frame does something.
const char* idle_frame(std::uint8_t type, std::uint8_t flags, std::size_t length) noexcept {
  switch (type) {
    case kData: return length == 0 && (flags & kEndStream) == 0 ? "empty_data_flood" : nullptr;
    case kHeaders:
    case kContinuation: return nullptr;  // counted per head
    case kPriority: return "priority_flood";
    case kResetStream: return "reset_flood";
    case kSettings: return "settings_flood";
    case kPing: return "ping_flood";
    case kGoaway: return "goaway_flood";
    default: return nullptr;
  }
}

}  // namespace

TokenBucket::TokenBucket(std::uint32_t burst, std::uint32_t per_second, TimePoint now) noexcept
    : burst_(burst), per_second_(per_second), tokens_(burst), filled_(now) {}

bool TokenBucket::take(double cost, TimePoint now) noexcept {
  if (tokens_ < cost && now > filled_) {
    const std::chrono::duration<double> elapsed = now - filled_;
    give(elapsed.count() * per_second_);
    filled_ = now;
  }
  if (tokens_ < cost) return false;
  tokens_ -= cost;
  return true;
}

void TokenBucket::give(double tokens) noexcept { tokens_ = std::min(burst_, tokens_ + tokens); }

H2FloodGuard::H2FloodGuard(const H2Limits& limits, TimePoint now) noexcept
    : resets_(limits.reset_burst, limits.resets_per_second, now),
      idle_frames_(limits.idle_frame_burst, limits.idle_frames_per_second, now) {}

const char* H2FloodGuard::on_frame(std::uint8_t type, std::uint8_t flags, std::size_t length,
                                   TimePoint now) noexcept {
  const char* reason = idle_frame(type, flags, length);
  if (reason != nullptr) return idle_frames_.take(1, now) ? nullptr : reason;
  if (type == kData || type == kHeaders)
    idle_frames_.give(1 + static_cast<double>(length) / kBytesPerToken);
  return nullptr;
}

const char* H2FloodGuard::on_window_update(std::uint32_t increment, TimePoint now) noexcept {
  if (increment >= kWorthwhileStep) return nullptr;
  return idle_frames_.take(1, now) ? nullptr : "window_update_flood";
}

const char* H2FloodGuard::on_peer_reset(Nanoseconds age, TimePoint now) noexcept {
  if (age >= kHonestAge) return nullptr;
  return resets_.take(1, now) ? nullptr : "rapid_reset";
}

const char* H2FloodGuard::on_provoked_reset(TimePoint now) noexcept {
  return resets_.take(1, now) ? nullptr : "provoked_resets";
}

// Two: the peer opens the stream's window and the connection's.
void H2FloodGuard::on_body_sent(std::size_t bytes) noexcept {
  idle_frames_.give(2 + static_cast<double>(bytes) / kBytesPerToken);
}

}  // namespace mesh::http
