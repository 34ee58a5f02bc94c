#include "meshkit/rpc/load.h"

#include <doctest/doctest.h>

using namespace mesh;
using namespace mesh::rpc;
using namespace std::chrono_literals;

TEST_SUITE("rpc/load") {
  TEST_CASE("open calls weigh as much as latency") {
    Load idle;
    Load busy;
    busy.on_begin();
    CHECK(busy.cost() == doctest::Approx(2 * idle.cost()));
    busy.on_end();
    CHECK(busy.cost() == doctest::Approx(idle.cost()));
  }

  TEST_CASE("a slow answer counts at once, quick ones by and by") {
    ManualClock clock;
    Load load;
    const double before = load.cost();
    load.on_answer(300ms, clock.now());
    CHECK(load.cost() == doctest::Approx(10 * before));
    clock.advance(1s);
    load.on_answer(1ms, clock.now());
    CHECK(load.cost() > 8 * before);
    clock.advance(60s);
    load.on_answer(1ms, clock.now());
    CHECK(load.cost() < before);
  }
}
