#include "meshkit/async/deadline_wheel.h"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "meshkit/base/callback.h"
#include "meshkit/base/random.h"

namespace mesh {
namespace {

struct Entry final : WheelEntry {
  explicit Entry(Callback<void()> action) : run(std::move(action)) {}
  void on_expired() override { run(); }
  Callback<void()> run;
};

TEST_SUITE("async/deadline_wheel") {
  TEST_CASE("expires at its tick, not before") {
    for (const std::uint64_t tick : {1ull, 63ull, 64ull, 65ull, 4095ull, 4096ull, 100'000ull}) {
      DeadlineWheel wheel;
      int expired = 0;
      Entry entry([&] { ++expired; });

      wheel.arm(entry, tick);
      wheel.advance(tick - 1);
      CHECK(expired == 0);
      wheel.advance(tick);

      CHECK(expired == 1);
      CHECK(wheel.is_empty());
    }
  }

  TEST_CASE("a tick that has passed is the next one") {
    DeadlineWheel wheel;
    int expired = 0;
    Entry entry([&] { ++expired; });
    wheel.advance(10);

    wheel.arm(entry, 3);
    wheel.advance(10);
    CHECK(expired == 0);
    wheel.advance(11);

    CHECK(expired == 1);
  }

  TEST_CASE("expires in the order of ticks, even when all are late") {
    DeadlineWheel wheel;
    std::vector<int> order;
    std::vector<std::unique_ptr<Entry>> entries;
    for (const int tick : {5000, 3, 70, 5, 4096, 64})
      entries.push_back(std::make_unique<Entry>([&order, tick] { order.push_back(tick); }));
    std::size_t at = 0;
    for (const int tick : {5000, 3, 70, 5, 4096, 64})
      wheel.arm(*entries[at++], static_cast<std::uint64_t>(tick));

    wheel.advance(10'000);

    CHECK(order == std::vector<int>{3, 5, 64, 70, 4096, 5000});
  }

  TEST_CASE("a disarmed entry does not expire and leaves nothing to wake for") {
    DeadlineWheel wheel;
    int expired = 0;
    Entry entry([&] { ++expired; });

    wheel.arm(entry, 100);
    wheel.disarm(entry);
    CHECK_FALSE(wheel.next_tick());
    wheel.advance(1000);

    CHECK(expired == 0);
  }

  TEST_CASE("arming again replaces the earlier tick") {
    DeadlineWheel wheel;
    int expired = 0;
    Entry entry([&] { ++expired; });

    wheel.arm(entry, 5);
    wheel.arm(entry, 500);
    wheel.advance(499);
    CHECK(expired == 0);
    wheel.advance(500);

    CHECK(expired == 1);
  }

  TEST_CASE("an expiry may arm itself, and disarm or destroy others that are due") {
    DeadlineWheel wheel;
    int again = 0;
    int others = 0;
    auto doomed = std::make_unique<Entry>([&] { ++others; });
    Entry bystander([&] { ++others; });
    Entry entry([&] {
      wheel.disarm(bystander);
      if (doomed) wheel.disarm(*doomed);
      doomed.reset();
      if (++again < 3) wheel.arm(entry, wheel.current_tick() + 1);
    });
    wheel.arm(entry, 7);
    wheel.arm(*doomed, 7);
    wheel.arm(bystander, 7);

    wheel.advance(7);
    CHECK(again == 1);
    wheel.advance(9);

    CHECK(again == 3);
    CHECK(others == 0);
  }

  TEST_CASE("the next tick is never after the first expiry") {
    DeadlineWheel wheel;
    Entry near([] {});
    Entry far([] {});
    wheel.arm(far, 70'000);
    CHECK(*wheel.next_tick() <= 70'000);

    wheel.arm(near, 12);

    CHECK(*wheel.next_tick() == 12);
    wheel.disarm(near);
    wheel.disarm(far);
  }

  TEST_CASE("catching up passes quiet time without expiring anything") {
    DeadlineWheel wheel;
    int expired = 0;
    Entry entry([&] { ++expired; });
    wheel.arm(entry, 1000);

    wheel.catch_up(2000);

    CHECK(expired == 0);
    CHECK(wheel.current_tick() < 1000);
    wheel.advance(1000);
    CHECK(expired == 1);
    wheel.catch_up(5000);
    CHECK(wheel.current_tick() == 5000);
  }

  TEST_CASE("what lies farther than the wheel reaches waits as long as it can") {
    DeadlineWheel wheel;
    int expired = 0;
    Entry entry([&] { ++expired; });

    wheel.arm(entry, ~std::uint64_t{0});
    wheel.advance(DeadlineWheel::kFarthest - 1);
    CHECK(expired == 0);
    wheel.advance(DeadlineWheel::kFarthest);

    CHECK(expired == 1);
  }

  TEST_CASE("agrees with a sorted map over a long random run") {
    DeadlineWheel wheel;
    Random random(42);
    std::vector<std::unique_ptr<Entry>> entries;
    std::vector<std::uint64_t> due(200, 0);
    std::vector<int> expired;
    for (int i = 0; i < 200; ++i)
      entries.push_back(std::make_unique<Entry>([&expired, i] { expired.push_back(i); }));

    bool agrees = true;
    std::uint64_t now = 0;
    for (int step = 0; step < 20'000; ++step) {
      const auto which = random.below(200);
      if (random.below(4) == 0) {
        wheel.disarm(*entries[which]);
        due[which] = 0;
      } else {
        const std::uint32_t reach = 1u << random.below(18);
        due[which] = now + 1 + random.below(reach);
        wheel.arm(*entries[which], due[which]);
      }
      now += random.below(3) == 0 ? random.below(1u << random.below(10)) : 0;
      expired.clear();
      wheel.advance(now);
      std::uint64_t last = 0;
      for (const int i : expired) {
        const auto at = static_cast<std::size_t>(i);
        agrees = agrees && due[at] != 0 && due[at] <= now && due[at] >= last;
        last = due[at];
        due[at] = 0;
      }
      for (const std::uint64_t tick : due) agrees = agrees && (tick == 0 || tick > now);
    }

    CHECK(agrees);
    for (auto& entry : entries) wheel.disarm(*entry);
    CHECK(wheel.is_empty());
  }
}

}  // namespace
}  // namespace mesh
