#include "meshkit/http/h2_keep_alive.h"

#include <nghttp2/nghttp2.h>

#include <utility>

namespace mesh::http {
namespace {

// First byte of our payloads: what the answer is for.
constexpr std::uint8_t kAlive = 'k';
constexpr std::uint8_t kDrain = 'd';

void send_ping(nghttp2_session& nghttp2, std::uint8_t kind) {
  const std::uint8_t payload[8] = {kind};
  (void)nghttp2_submit_ping(&nghttp2, NGHTTP2_FLAG_NONE, payload);
}

}  // namespace

void H2KeepAlive::on_settings_acked(TimePoint now) noexcept {
  if (!std::exchange(is_settings_acked_, true)) round_trip_ = now - settings_sent_;
}

bool H2KeepAlive::ping(nghttp2_session& nghttp2, OnPong on_pong, TimePoint now) {
  if (on_pong_) return false;
  on_pong_ = std::move(on_pong);
  pinged_ = now;
  send_ping(nghttp2, kAlive);
  return true;
}

void H2KeepAlive::ping_for_drain(nghttp2_session& nghttp2) {
  is_drain_asked_ = true;
  send_ping(nghttp2, kDrain);
}

bool H2KeepAlive::on_answer(const std::uint8_t* payload, TimePoint now) {
  if (payload[0] == kDrain) return std::exchange(is_drain_asked_, false);
  if (payload[0] != kAlive || !on_pong_) return false;
  round_trip_ = now - pinged_;
  OnPong on_pong = std::move(on_pong_);
  on_pong_.reset();
  on_pong(round_trip_);
  return false;
}

}  // namespace mesh::http
