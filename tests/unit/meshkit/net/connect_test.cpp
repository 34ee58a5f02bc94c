#include "meshkit/net/connect.h"

#include <doctest/doctest.h>
#include <netinet/tcp.h>

#include "tests/unit/meshkit/net/loopback.h"

namespace mesh::net {
namespace {

using test::kAnyPort;
using test::TestLoop;
using std::chrono_literals::operator""ms;

using Outcome = std::optional<Result<TcpSocket>>;

// A port that was free a moment ago.
SocketAddress closed_port(TestLoop& loop) {
  TcpListener listener(loop);
  REQUIRE(listener.bind(kAnyPort));
  return listener.address();
}

// A listener whose backlog is full: the kernel drops what else comes.
struct FullListener {
  explicit FullListener(TestLoop& loop) : listener(loop) {
    ListenOptions options;
    options.backlog = 0;
    REQUIRE(listener.bind(kAnyPort, options));
    for (int i = 0; i < 2; ++i) {
      waiting[i] = test::Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      sockaddr_storage raw;
      const socklen_t size = listener.address().to_sockaddr(raw);
      (void)::connect(waiting[i].get(), reinterpret_cast<sockaddr*>(&raw), size);
    }
  }
  TcpListener listener;
  test::Descriptor waiting[2];
};

TEST_SUITE("net/connect") {
  TEST_CASE("opens a connection, with the options asked for") {
    TestLoop loop;
    TcpListener listener(loop);
    REQUIRE(listener.bind(kAnyPort));
    ConnectOptions options;
    options.socket.keepalive = std::chrono::seconds(7);
    Outcome outcome;

    Connect connect(loop, listener.address(), options, [&](auto r) { outcome = std::move(r); });
    CHECK_FALSE(outcome);
    REQUIRE(loop.run_until([&] { return outcome.has_value(); }));

    REQUIRE(outcome->has_value());
    const TcpSocket& socket = **outcome;
    CHECK(socket.peer() == listener.address());
    int value = 0;
    socklen_t size = sizeof value;
    ::getsockopt(socket.fd(), IPPROTO_TCP, TCP_KEEPIDLE, &value, &size);
    CHECK(value == 7);
    ::getsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &value, &size);
    CHECK(value == 1);
  }

  TEST_CASE("reports refused when nothing listens") {
    TestLoop loop;
    Outcome outcome;

    Connect attempt(loop, closed_port(loop), {}, [&](auto r) { outcome = std::move(r); });
    CHECK_FALSE(outcome);
    REQUIRE(loop.run_until([&] { return outcome.has_value(); }));

    CHECK(outcome->error().code == Errc::refused);
  }

  TEST_CASE("gives up at its deadline") {
    TestLoop loop;
    const FullListener full(loop);
    Outcome outcome;
    ConnectOptions options;
    options.deadline = 30ms;
    const TimePoint start = loop->now();

    Connect attempt(loop, full.listener.address(), options,
                    [&](auto r) { outcome = std::move(r); });
    REQUIRE(loop.run_until([&] { return outcome.has_value(); }));

    CHECK(outcome->error().code == Errc::timed_out);
    CHECK(loop->now() - start >= 30ms);
  }

  TEST_CASE("reports from the loop even what fails at once") {
    TestLoop loop;
    Outcome outcome;
    ConnectOptions options;
    options.from = SocketAddress(IpAddress::v4(192, 0, 2, 1), 0);  // not an address of ours

    Connect attempt(loop, closed_port(loop), options, [&](auto r) { outcome = std::move(r); });
    CHECK_FALSE(outcome);
    REQUIRE(loop.run_until([&] { return outcome.has_value(); }));

    CHECK(outcome->error().sys == EADDRNOTAVAIL);
  }

  TEST_CASE("connects from the address asked for") {
    TestLoop loop;
    TcpListener listener(loop);
    REQUIRE(listener.bind(kAnyPort));
    ConnectOptions options;
    options.from = SocketAddress(IpAddress::v4(127, 0, 0, 9), 0);
    TcpSocket accepted;
    listener.start([&](TcpSocket socket) { accepted = std::move(socket); });

    Connect attempt(loop, listener.address(), options, [](auto) {});
    REQUIRE(loop.run_until([&] { return static_cast<bool>(accepted); }));

    CHECK(accepted.peer().ip() == IpAddress::v4(127, 0, 0, 9));
  }

  TEST_CASE("connects over IPv6") {
    TestLoop loop;
    TcpListener listener(loop);
    REQUIRE(listener.bind({IpAddress::loopback_v6(), 0}));
    Outcome outcome;

    Connect attempt(loop, listener.address(), {}, [&](auto r) { outcome = std::move(r); });
    REQUIRE(loop.run_until([&] { return outcome.has_value(); }));

    CHECK(outcome->has_value());
  }

  TEST_CASE("a socket connected to itself is refused") {
    TestLoop loop;
    ConnectOptions options;
    const SocketAddress port = closed_port(loop);
    options.from = port;
    Outcome outcome;

    Connect attempt(loop, port, options, [&](auto r) { outcome = std::move(r); });
    REQUIRE(loop.run_until([&] { return outcome.has_value(); }));

    REQUIRE_FALSE(outcome->has_value());
    CHECK(outcome->error().code == Errc::refused);
  }

  TEST_CASE("never calls back after it is destroyed") {
    TestLoop loop;
    TcpListener listener(loop);
    REQUIRE(listener.bind(kAnyPort));
    bool called = false;

    auto attempt = std::make_unique<Connect>(loop, listener.address(), ConnectOptions{},
                                             [&](auto) { called = true; });
    SUBCASE("at once") {}
    SUBCASE("while the answer is on its way") { test::dial(listener.address()); }
    attempt.reset();
    loop.settle();

    CHECK_FALSE(called);
  }

  TEST_CASE("may be destroyed from inside its own callback") {
    TestLoop loop;
    std::unique_ptr<Connect> attempt;
    bool called = false;

    attempt = std::make_unique<Connect>(loop, closed_port(loop), ConnectOptions{}, [&](auto) {
      called = true;
      attempt.reset();
    });
    loop.run_until([&] { return called; });

    CHECK(called);
    CHECK(attempt == nullptr);
  }
}

}  // namespace
}  // namespace mesh::net
