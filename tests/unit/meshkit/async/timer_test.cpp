#include "meshkit/async/timer.h"

#include <doctest/doctest.h>

#include <memory>

#include "tests/support/allocation_counter.h"

namespace mesh {
namespace {

TEST_SUITE("async/timer") {
  TEST_CASE("calls once, and not before its time") {
    Loop loop;
    Timer timer(loop);
    int calls = 0;
    const TimePoint start = loop.now();

    timer.start(Milliseconds(5), [&] { ++calls; });
    CHECK(timer.is_running());
    loop.run();

    CHECK(calls == 1);
    CHECK(loop.now() - start >= Milliseconds(4));  // the kernel's coarse clock may lag by one
    CHECK_FALSE(timer.is_running());
  }

  TEST_CASE("repeats until it is stopped, also from inside its callback") {
    Loop loop;
    Timer timer(loop);
    int calls = 0;

    timer.start_repeating(Milliseconds(1), [&] {
      if (++calls == 3) timer.stop();
    });
    loop.run();

    CHECK(calls == 3);
  }

  TEST_CASE("a start replaces the earlier one") {
    Loop loop;
    Timer timer(loop);
    int first = 0;
    int second = 0;

    timer.start(Milliseconds(0), [&] { ++first; });
    timer.start(Milliseconds(1), [&] { ++second; });
    loop.run();

    CHECK(first == 0);
    CHECK(second == 1);
  }

  TEST_CASE("may be started anew from inside its callback") {
    Loop loop;
    Timer timer(loop);
    int calls = 0;

    timer.start(Milliseconds(0), [&] {
      ++calls;
      timer.start(Milliseconds(0), [&] { ++calls; });
    });
    loop.run();

    CHECK(calls == 2);
  }

  TEST_CASE("may be destroyed from inside its callback") {
    Loop loop;
    auto timer = std::make_unique<Timer>(loop);
    int calls = 0;

    SUBCASE("once") {
      timer->start(Milliseconds(0), [&] {
        timer.reset();
        ++calls;
      });
    }
    SUBCASE("repeating") {
      timer->start_repeating(Milliseconds(1), [&] {
        timer.reset();
        ++calls;
      });
    }
    loop.run();

    CHECK(calls == 1);
    CHECK(timer == nullptr);
  }

  TEST_CASE("never calls after it is stopped or destroyed") {
    Loop loop;
    int calls = 0;
    Timer stopped(loop);
    stopped.start(Milliseconds(0), [&] { ++calls; });
    {
      Timer destroyed(loop);
      destroyed.start(Milliseconds(0), [&] { ++calls; });
    }
    stopped.stop();

    loop.run();

    CHECK(calls == 0);
  }

  TEST_CASE("lets go of what its callback held") {
    Loop loop;
    Timer timer(loop);
    const auto held = std::make_shared<int>();

    timer.start(Milliseconds(0), [held] {});
    loop.run();
    CHECK(held.use_count() == 1);
    timer.start(Milliseconds(100), [held] {});
    timer.stop();

    CHECK(held.use_count() == 1);
  }

  TEST_CASE("allocates once, on its first start") {
    Loop loop;
    Timer timer(loop);
    timer.start(Milliseconds(100), [] {});

    const test::AllocationCounter counter;
    for (int i = 0; i < 100; ++i) timer.start(Milliseconds(100), [] {});
    timer.stop();

    CHECK(counter.count() == 0);
  }
}

}  // namespace
}  // namespace mesh
