#include "meshkit/http/h2_limits.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/unit/meshkit/http/h2_frames.h"

using namespace mesh;
using namespace mesh::http;
using namespace std::chrono_literals;

namespace {

// How many times `act` is let through before it is refused, at most 100,000.
template <class Act>
int allowance(Act&& act) {
  int count = 0;
  while (count < 100'000 && act() == nullptr) ++count;
  return count;
}

}  // namespace

TEST_SUITE("http/h2_limits") {
  TEST_CASE("a bucket gives its burst, then its rate") {
    ManualClock clock;
    TokenBucket bucket(10, 5, clock.now());
    for (int i = 0; i < 10; ++i) CHECK(bucket.take(1, clock.now()));
    CHECK_FALSE(bucket.take(1, clock.now()));
    clock.advance(400ms);
    CHECK(bucket.take(1, clock.now()));
    CHECK(bucket.take(1, clock.now()));
    CHECK_FALSE(bucket.take(1, clock.now()));
    clock.advance(1h);
    for (int i = 0; i < 10; ++i) CHECK(bucket.take(1, clock.now()));
    CHECK_FALSE(bucket.take(1, clock.now()));
  }

  TEST_CASE("rapid resets end at the burst; completed exchanges and age pay for them") {
    ManualClock clock;
    const H2Limits limits;
    H2FloodGuard guard(limits, clock.now());
    CHECK(allowance([&] { return guard.on_peer_reset(1ms, clock.now()); }) == 1000);
    CHECK(std::string(guard.on_peer_reset(1ms, clock.now())) == "rapid_reset");

    H2FloodGuard honest(limits, clock.now());
    CHECK(allowance([&] {
            honest.on_exchange_completed();
            return honest.on_peer_reset(1ms, clock.now());
          }) == 100'000);
    CHECK(allowance([&] { return honest.on_peer_reset(2s, clock.now()); }) == 100'000);
  }

  TEST_CASE("resets that mistakes provoke come from the same bucket") {
    ManualClock clock;
    H2FloodGuard guard({}, clock.now());
    CHECK(allowance([&] { return guard.on_provoked_reset(clock.now()); }) == 1000);
    CHECK(std::string(guard.on_provoked_reset(clock.now())) == "provoked_resets");
  }

  TEST_CASE("every frame that carries nothing has its limit and its word") {
    const struct {
      std::uint8_t type;
      std::uint8_t flags;
      const char* word;
    } kCases[] = {{test::kData, 0, "empty_data_flood"},
                  {test::kPriority, 0, "priority_flood"},
                  {test::kResetStream, 0, "reset_flood"},
                  {test::kSettings, 0, "settings_flood"},
                  {test::kSettings, test::kAck, "settings_flood"},
                  {test::kPing, 0, "ping_flood"},
                  {test::kPing, test::kAck, "ping_flood"},
                  {test::kGoaway, 0, "goaway_flood"}};
    for (const auto& [type, flags, word] : kCases) {
      ManualClock clock;
      H2FloodGuard guard({}, clock.now());
      const auto act = [&] { return guard.on_frame(type, flags, 0, clock.now()); };
      CHECK(allowance(act) == 1000);
      CHECK(std::string(act()) == word);
    }
  }

  TEST_CASE("windows opened in small steps have a limit, in worthwhile steps none") {
    ManualClock clock;
    H2FloodGuard guard({}, clock.now());
    CHECK(allowance([&] { return guard.on_window_update(4096, clock.now()); }) == 100'000);
    CHECK(allowance([&] { return guard.on_window_update(1, clock.now()); }) == 1000);
    CHECK(std::string(guard.on_window_update(1, clock.now())) == "window_update_flood");
  }

  TEST_CASE("work pays for the frames around it") {
    ManualClock clock;
    H2FloodGuard guard({}, clock.now());
    CHECK(allowance([&] {
            (void)guard.on_frame(test::kHeaders, 0, 20, clock.now());
            return guard.on_frame(test::kPing, 0, 8, clock.now());
          }) == 100'000);
    CHECK(allowance([&] {
            guard.on_body_sent(16'384);
            const char* refused = nullptr;
            for (int i = 0; i < 30 && refused == nullptr; ++i)
              refused = guard.on_window_update(1, clock.now());
            return refused;
          }) == 100'000);
    CHECK(allowance([&] {
            return guard.on_frame(test::kData, test::kEndStream, 0, clock.now());
          }) == 100'000);
  }
}
