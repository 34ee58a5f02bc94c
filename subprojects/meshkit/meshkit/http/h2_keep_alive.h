#pragma once
// H2KeepAlive: the questions of one connection that only a living peer answers: PING and SETTINGS.

#include <cstdint>

#include "meshkit/base/callback.h"
#include "meshkit/base/clock.h"

struct nghttp2_session;

namespace mesh::http {

class H2KeepAlive {
 public:
  using OnPong = Callback<void(Nanoseconds), 16>;

  void on_settings_sent(TimePoint now) noexcept { settings_sent_ = now; }
  void on_settings_acked(TimePoint now) noexcept;

  // False while the last one is not answered.
  bool ping(nghttp2_session& nghttp2, OnPong on_pong, TimePoint now);
  // A PING behind which the peer knows of a GOAWAY sent before it.
  void ping_for_drain(nghttp2_session& nghttp2);
  // `payload`: the 8 bytes of an answered PING. True when it was the one for the drain.
  bool on_answer(const std::uint8_t* payload, TimePoint now);

  // Of the last PING or SETTINGS; zero before the first answer.
  Nanoseconds round_trip() const noexcept { return round_trip_; }

 private:
  OnPong on_pong_;
  TimePoint pinged_{};
  TimePoint settings_sent_{};
  Nanoseconds round_trip_{0};
  bool is_settings_acked_ = false;
  bool is_drain_asked_ = false;
};

}  // namespace mesh::http
