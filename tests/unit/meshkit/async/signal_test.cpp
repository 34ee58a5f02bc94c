#include "meshkit/async/signal.h"

#include <doctest/doctest.h>

#include <csignal>
#include <memory>

#include "meshkit/async/timer.h"

namespace mesh {
namespace {

TEST_SUITE("async/signal") {
  TEST_CASE("tells each time the signal is raised") {
    Loop loop;
    Timer limit(loop);  // a Signal alone does not keep the loop running
    limit.start(std::chrono::seconds(5), [] {});
    int raised = 0;
    Signal signal(loop, SIGUSR1, [&] { ++raised; });

    std::raise(SIGUSR1);
    while (raised < 1 && loop.run_once()) {
    }
    std::raise(SIGUSR1);
    while (raised < 2 && loop.run_once()) {
    }

    CHECK(raised == 2);
  }

  TEST_CASE("does not keep the loop running") {
    Loop loop;
    const Signal signal(loop, SIGUSR1, [] {});

    loop.run();
  }

  TEST_CASE("may be destroyed from inside its callback") {
    Loop loop;
    Timer limit(loop);
    limit.start(std::chrono::seconds(5), [] {});
    std::unique_ptr<Signal> signal;
    int raised = 0;
    signal = std::make_unique<Signal>(loop, SIGUSR1, [&] {
      signal.reset();
      ++raised;
    });

    std::raise(SIGUSR1);
    while (raised < 1 && loop.run_once()) {
    }

    CHECK(raised == 1);
    CHECK(signal == nullptr);
  }
}

}  // namespace
}  // namespace mesh
