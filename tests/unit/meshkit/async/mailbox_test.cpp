#include "meshkit/async/mailbox.h"

#include <doctest/doctest.h>

#include <memory>
#include <thread>
#include <vector>

#include "tests/support/allocation_counter.h"

namespace mesh {
namespace {

TEST_SUITE("async/mailbox") {
  TEST_CASE("runs jobs on the loop in the order posted, never inside post") {
    Loop loop;
    Mailbox mailbox(loop);
    std::string order;

    mailbox.post([&] { order += 'a'; });
    mailbox.post([&] { order += 'b'; });
    CHECK(order.empty());
    while (order.size() < 2) loop.run_once();

    CHECK(order == "ab");
  }

  TEST_CASE("delivers everything from several threads, each in its order") {
    Loop loop;
    Mailbox mailbox(loop);
    constexpr int kThreads = 4;
    constexpr int kJobs = 20'000;
    std::vector<int> last(kThreads, -1);
    int ran = 0;
    bool in_order = true;
    std::vector<std::thread> senders;

    for (int t = 0; t < kThreads; ++t) {
      senders.emplace_back([&, t] {
        for (int i = 0; i < kJobs; ++i) {
          mailbox.post([&, t, i] {
            int& previous = last[static_cast<std::size_t>(t)];
            in_order = in_order && previous == i - 1;
            previous = i;
            ++ran;
          });
        }
      });
    }
    while (ran < kThreads * kJobs) loop.run_once();
    for (std::thread& sender : senders) sender.join();

    CHECK(in_order);
  }

  TEST_CASE("a job posted from inside a job runs later") {
    Loop loop;
    Mailbox mailbox(loop);
    std::string order;
    mailbox.post([&] {
      mailbox.post([&] { order += 'b'; });
      order += 'a';
    });

    while (order.size() < 2) loop.run_once();

    CHECK(order == "ab");
  }

  TEST_CASE("refuses mail once closed, and drops what had not run") {
    Loop loop;
    Mailbox mailbox(loop);
    const auto held = std::make_shared<int>();
    int ran = 0;
    mailbox.post([&ran, held] { ++ran; });

    mailbox.close();
    CHECK(held.use_count() == 1);
    CHECK_FALSE(mailbox.post([&ran] { ++ran; }));
    loop.run();

    CHECK(ran == 0);
  }

  TEST_CASE("a job may close or destroy the mailbox; those after it do not run") {
    Loop loop;
    auto mailbox = std::make_unique<Mailbox>(loop);
    int ran = 0;
    SUBCASE("close") {
      mailbox->post([&] {
        ++ran;
        mailbox->close();
      });
    }
    SUBCASE("destroy") {
      mailbox->post([&] {
        ++ran;
        mailbox.reset();
      });
    }
    mailbox->post([&] { ++ran; });

    loop.run();

    CHECK(ran == 1);
  }

  TEST_CASE("allocates nothing once it has grown") {
    Loop loop;
    Mailbox mailbox(loop);
    int ran = 0;
    const auto round = [&] {
      const int goal = ran + 10;
      for (int i = 0; i < 10; ++i) mailbox.post([&] { ++ran; });
      while (ran < goal) loop.run_once();
    };
    for (int i = 0; i < 4; ++i) round();

    const test::AllocationCounter counter;
    for (int i = 0; i < 10; ++i) round();

    CHECK(counter.count() == 0);
  }
}

}  // namespace
}  // namespace mesh
