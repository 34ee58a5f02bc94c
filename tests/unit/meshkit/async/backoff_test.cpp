#include "meshkit/async/backoff.h"

#include <doctest/doctest.h>

namespace mesh {
namespace {

TEST_SUITE("async/backoff") {
  TEST_CASE("doubles from the least to the greatest delay and stays there") {
    Random random(1);
    Backoff backoff({Milliseconds(100), Milliseconds(1000), 0});

    CHECK(backoff.next(random) == Milliseconds(100));
    CHECK(backoff.next(random) == Milliseconds(200));
    CHECK(backoff.next(random) == Milliseconds(400));
    CHECK(backoff.next(random) == Milliseconds(800));
    CHECK(backoff.next(random) == Milliseconds(1000));
    for (int i = 0; i < 1000; ++i) CHECK(backoff.next(random) == Milliseconds(1000));
  }

  TEST_CASE("begins anew after a reset") {
    Random random(1);
    Backoff backoff({Milliseconds(100), Milliseconds(1000), 0});
    (void)backoff.next(random);
    (void)backoff.next(random);
    CHECK(backoff.attempts() == 2);

    backoff.reset();

    CHECK(backoff.next(random) == Milliseconds(100));
  }

  TEST_CASE("jitter adds up to its share, never takes away, never exceeds the greatest delay") {
    Random random(1);
    Milliseconds least{1000};
    Milliseconds greatest{0};
    for (int i = 0; i < 1000; ++i) {
      Backoff backoff({Milliseconds(100), Milliseconds(1000), 0.5});
      const Milliseconds delay = backoff.next(random);
      least = std::min(least, delay);
      greatest = std::max(greatest, delay);
    }
    CHECK(least >= Milliseconds(100));
    CHECK(least <= Milliseconds(105));
    CHECK(greatest <= Milliseconds(150));
    CHECK(greatest >= Milliseconds(145));

    Backoff capped({Milliseconds(100), Milliseconds(110), 100});
    CHECK(capped.next(random) <= Milliseconds(110));
  }
}

}  // namespace
}  // namespace mesh
