#include "meshkit/async/loop.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "meshkit/async/timer.h"
#include "meshkit/base/callback.h"

namespace mesh {
namespace {

struct Work final : Flushable {
  explicit Work(Callback<void()> action) : run(std::move(action)) {}
  void flush() override { run(); }
  Callback<void()> run;
};

struct Ward final : Retirable {
  explicit Ward(Callback<void()> action) : at_end(std::move(action)) {}
  ~Ward() override { at_end(); }
  Callback<void()> at_end;
};

TEST_SUITE("async/loop") {
  TEST_CASE("flushes each object once per turn, however often it asked") {
    Loop loop;
    int flushes = 0;
    Work work([&] { ++flushes; });

    loop.flush_later(work);
    loop.flush_later(work);
    CHECK(flushes == 0);
    loop.run_once(false);
    loop.run_once(false);

    CHECK(flushes == 1);
  }

  TEST_CASE("serves in the same pass who asks again from inside a flush") {
    Loop loop;
    std::string order;
    Work lower([&] { order += 'l'; });
    int again = 3;
    Work upper([&] {
      order += 'u';
      loop.flush_later(lower);
      if (--again > 0) loop.flush_later(upper);
    });
    // A timer's callback is the turn; what it asks for is done before the loop sleeps.
    Timer timer(loop);
    timer.start(Milliseconds(0), [&] { loop.flush_later(upper); });

    while (order.empty()) loop.run_once();

    CHECK(order == "ululul");
  }

  TEST_CASE("a turn that had something to flush does not wait for an event") {
    Loop loop;
    Timer far(loop);
    far.start(std::chrono::seconds(3), [] {});
    int flushes = 0;
    Work work([&] { ++flushes; });
    const TimePoint start = loop.now();

    loop.flush_later(work);
    loop.run_once();

    CHECK(flushes == 1);
    CHECK(loop.now() - start < std::chrono::seconds(2));
  }

  TEST_CASE("a flush may destroy another that waits for its own") {
    Loop loop;
    int flushes = 0;
    auto second = std::make_unique<Work>([&] { ++flushes; });
    Work first([&] { second.reset(); });
    loop.flush_later(first);
    loop.flush_later(*second);

    loop.run_once(false);

    CHECK(flushes == 0);
  }

  TEST_CASE("an endless flush pass gives way to timers") {
    Loop loop;
    bool fired = false;
    std::unique_ptr<Work> restless;
    restless = std::make_unique<Work>([&] { loop.flush_later(*restless); });
    loop.flush_later(*restless);
    Timer timer(loop);
    timer.start(Milliseconds(1), [&] { fired = true; });

    for (int i = 0; i < 10'000 && !fired; ++i) loop.run_once();
    restless.reset();

    CHECK(fired);
  }

  TEST_CASE("destroys what was retired at the end of the turn, after the flushes") {
    Loop loop;
    std::string order;
    Work work([&] { order += 'f'; });
    Timer timer(loop);
    timer.start(Milliseconds(0), [&] {
      loop.retire(std::make_unique<Ward>([&] { order += 'd'; }));
      loop.flush_later(work);
      order += 't';
    });

    while (order.empty()) loop.run_once();

    CHECK(order == "tfd");
  }

  TEST_CASE("what is destroyed may retire and flush more, in the same turn") {
    Loop loop;
    std::string order;
    Work work([&] { order += 'f'; });
    loop.retire(std::make_unique<Ward>([&] {
      order += '1';
      loop.flush_later(work);
      loop.retire(std::make_unique<Ward>([&] { order += '2'; }));
    }));

    loop.run_once(false);

    CHECK(order == "12f");
  }

  TEST_CASE("hands slab objects back to their owner at the end of the turn") {
    Loop loop;
    int object = 0;
    int owner = 0;

    loop.retire(&object, &owner, [](void* to, void* what) {
      *static_cast<int*>(to) += 1;
      *static_cast<int*>(what) += 1;
    });
    CHECK(object == 0);
    loop.run_once(false);

    CHECK(owner == 1);
    CHECK(object == 1);
  }

  TEST_CASE("retiring nothing is allowed") {
    Loop loop;
    loop.retire(nullptr);
    loop.run_once(false);
  }

  TEST_CASE("runs until nothing is left to wait for") {
    Loop loop;
    Timer timer(loop);
    int fired = 0;
    timer.start(Milliseconds(1), [&] { ++fired; });

    loop.run();

    CHECK(fired == 1);
  }

  TEST_CASE("what a flush starts is waited for, too") {
    Loop loop;
    Timer timer(loop);
    int fired = 0;
    Work work([&] { timer.start(Milliseconds(1), [&] { ++fired; }); });
    loop.flush_later(work);

    loop.run();

    CHECK(fired == 1);
  }

  TEST_CASE("stops when told, and can run again") {
    Loop loop;
    Timer timer(loop);
    int fired = 0;
    timer.start_repeating(Milliseconds(1), [&] {
      if (++fired % 2 == 0) loop.stop();
    });

    loop.run();
    CHECK(fired == 2);
    loop.run();

    CHECK(fired == 4);
  }

  TEST_CASE("may be destroyed after a stop that no run has seen") {
    Loop loop;
    {
      Timer closing(loop);
      closing.start(Milliseconds(1), [] {});
    }

    loop.stop();
  }

  TEST_CASE("destroys at its own end what was still retired") {
    bool gone = false;
    {
      Loop loop;
      loop.retire(std::make_unique<Ward>([&] { gone = true; }));
    }
    CHECK(gone);
  }

  TEST_CASE("its time is that of the moment, not of the turn") {
    Loop loop;
    const TimePoint before = loop.now();
    while (loop.now() == before) {
    }
    CHECK(loop.now() > before);
  }
}

}  // namespace
}  // namespace mesh
