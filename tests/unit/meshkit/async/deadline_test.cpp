#include "meshkit/async/deadline.h"

#include <doctest/doctest.h>

#include <memory>
#include <optional>

#include "tests/support/allocation_counter.h"

namespace mesh {
namespace {

TEST_SUITE("async/deadline") {
  TEST_CASE("expires once, never early") {
    Loop loop;
    std::optional<TimePoint> at;
    Deadline deadline(loop, [&] { at = loop.now(); });
    const TimePoint start = loop.now();

    deadline.arm(Milliseconds(20));
    CHECK(deadline.is_armed());
    loop.run();

    REQUIRE(at);
    CHECK(*at - start >= Milliseconds(20));
    CHECK_FALSE(deadline.is_armed());
  }

  TEST_CASE("does not keep the loop running once disarmed") {
    Loop loop;
    int expired = 0;
    Deadline deadline(loop, [&] { ++expired; });
    deadline.arm(std::chrono::hours(1));

    deadline.disarm();
    loop.run();

    CHECK(expired == 0);
  }

  TEST_CASE("cancels when destroyed") {
    Loop loop;
    int expired = 0;
    {
      Deadline deadline(loop, [&] { ++expired; });
      deadline.arm(Milliseconds(0));
    }
    loop.run();

    CHECK(expired == 0);
  }

  TEST_CASE("may be armed again or destroyed from inside its expiry") {
    Loop loop;
    int expired = 0;
    struct Holder {
      std::unique_ptr<Deadline> deadline;
      int* count;
      void on_expired() {
        if (++*count < 3) return deadline->arm(Milliseconds(1));
        deadline.reset();
      }
    } holder{nullptr, &expired};
    holder.deadline = std::make_unique<Deadline>(loop, [&holder] { holder.on_expired(); });

    holder.deadline->arm(Milliseconds(1));
    loop.run();

    CHECK(expired == 3);
    CHECK(holder.deadline == nullptr);
  }

  TEST_CASE("the nearer of two comes first, whichever was armed first") {
    Loop loop;
    std::string order;
    Deadline far(loop, [&] { order += 'f'; });
    Deadline near(loop, [&] { order += 'n'; });

    far.arm(Milliseconds(60));
    near.arm(Milliseconds(1));
    loop.run();

    CHECK(order == "nf");
  }

  TEST_CASE("arming and disarming allocates nothing") {
    Loop loop;
    Deadline deadline(loop, [] {});
    deadline.arm(Milliseconds(1000));

    const test::AllocationCounter counter;
    for (int i = 0; i < 1000; ++i) {
      deadline.arm(Milliseconds(1000 + i));
      deadline.disarm();
    }

    CHECK(counter.count() == 0);
  }
}

}  // namespace
}  // namespace mesh
