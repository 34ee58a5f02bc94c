#include "meshkit/net/ack_watch.h"

#include <doctest/doctest.h>

#include "tests/unit/meshkit/net/loopback.h"

namespace mesh::net {
namespace {

using std::chrono_literals::operator""s;

TEST_SUITE("net/ack_watch") {
  TEST_CASE("has nothing to say while everything is acknowledged") {
    test::TestLoop loop;
    test::Loopback io(loop);
    AckWatch watch;
    ManualClock clock;

    CHECK_FALSE(watch.unacknowledged_for(io.stream->socket().fd(), clock.now()));
    CHECK(bytes_unacknowledged(io.stream->socket().fd()) == 0);
  }

  TEST_CASE("counts from the first probe that saw what is still due, anew after progress") {
    test::TestLoop loop;
    test::Loopback io(loop);
    AckWatch watch;
    ManualClock clock;
    const int fd = io.stream->socket().fd();
    // The peer reads nothing: its window closes and the kernel is left with unsent bytes.
    io.stream->write(as_bytes(std::string(32 << 20, 'x')));
    loop.settle();
    loop.run_until(
        [until = loop->now() + Milliseconds(100), &loop] { return loop->now() > until; });

    REQUIRE(watch.unacknowledged_for(fd, clock.now()));
    CHECK(*watch.unacknowledged_for(fd, clock.now()) == 0s);
    CHECK(bytes_unacknowledged(fd).value() > 0);
    clock.advance(3s);
    CHECK(*watch.unacknowledged_for(fd, clock.now()) == 3s);
    CHECK(loop.run_until([&] {
      (void)test::read_some(io.peer, MSG_DONTWAIT);
      return *watch.unacknowledged_for(fd, clock.now()) == 0s;
    }));
  }

  TEST_CASE("knows nothing of what is no TCP socket") {
    AckWatch watch;
    CHECK_FALSE(watch.unacknowledged_for(-1, ManualClock().now()));
    CHECK_FALSE(bytes_unacknowledged(-1));
  }
}

}  // namespace
}  // namespace mesh::net
