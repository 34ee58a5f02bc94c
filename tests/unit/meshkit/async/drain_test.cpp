#include "meshkit/async/drain.h"

#include <doctest/doctest.h>

#include <memory>
#include <optional>

namespace mesh {
namespace {

TEST_SUITE("async/drain") {
  TEST_CASE("tells at the end of the turn when nothing was in flight") {
    Loop loop;
    Drain drain(loop);
    int drained = 0;

    drain.stop([&] { ++drained; });
    CHECK(drain.is_stopping());
    CHECK(drained == 0);
    loop.run_once(false);
    loop.run_once(false);

    CHECK(drained == 1);
  }

  TEST_CASE("waits for the last of the work") {
    Loop loop;
    Drain drain(loop);
    std::optional<Drain::Work> one = drain.begin();
    std::optional<Drain::Work> two = drain.begin();
    int drained = 0;
    CHECK(drain.in_flight() == 2);

    drain.stop([&] { ++drained; });
    one.reset();
    loop.run_once(false);
    CHECK(drained == 0);
    two.reset();
    CHECK(drained == 0);
    loop.run_once(false);

    CHECK(drained == 1);
  }

  TEST_CASE("work that moves is counted once") {
    Loop loop;
    Drain drain(loop);
    {
      Drain::Work work = drain.begin();
      Drain::Work moved = std::move(work);
      Drain::Work assigned;
      assigned = std::move(moved);
      CHECK(drain.in_flight() == 1);
    }
    CHECK(drain.in_flight() == 0);
  }

  TEST_CASE("work begun before the call holds it up") {
    Loop loop;
    Drain drain(loop);
    int drained = 0;
    drain.stop([&] { ++drained; });
    {
      const Drain::Work late = drain.begin();
      loop.run_once(false);
      CHECK(drained == 0);
    }
    loop.run_once(false);

    CHECK(drained == 1);
  }

  TEST_CASE("may be destroyed by its call, or before it") {
    Loop loop;
    auto drain = std::make_unique<Drain>(loop);
    int drained = 0;

    SUBCASE("by it") {
      drain->stop([&] {
        drain.reset();
        ++drained;
      });
      loop.run_once(false);
      CHECK(drained == 1);
    }
    SUBCASE("before it") {
      drain->stop([&] { ++drained; });
      drain.reset();
      loop.run_once(false);
      CHECK(drained == 0);
    }
  }
}

}  // namespace
}  // namespace mesh
