#include "meshkit/base/clock.h"

#include <doctest/doctest.h>

namespace mesh {
namespace {

TEST_SUITE("base/clock") {
  TEST_CASE("a manual clock moves only when told to, both of its times together") {
    ManualClock clock;
    const TimePoint start = clock.now();
    const WallTime wall = clock.wall_now();
    CHECK(clock.now() == start);

    clock.advance(Milliseconds(1500));

    CHECK(clock.now() - start == Milliseconds(1500));
    CHECK(clock.wall_now() - wall == Milliseconds(1500));
  }

  TEST_CASE("the system clock does not run backwards") {
    const SystemClock clock;
    const TimePoint before = clock.now();

    CHECK(clock.now() >= before);
  }
}

}  // namespace
}  // namespace mesh
