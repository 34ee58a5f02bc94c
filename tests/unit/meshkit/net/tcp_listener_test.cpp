#include "meshkit/net/tcp_listener.h"

#include <doctest/doctest.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include <vector>

#include "tests/unit/meshkit/net/loopback.h"

namespace mesh::net {
namespace {

using test::Descriptor;
using test::dial;
using test::kAnyPort;
using test::TestLoop;

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  ::getsockopt(fd, level, name, &value, &size);
  return value;
}

// Lets the process open no more descriptors while it lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const Descriptor next(::dup(0));  // the lowest free number
    rlimit now = before_;
    now.rlim_cur = static_cast<rlim_t>(next.get());
    ::setrlimit(RLIMIT_NOFILE, &now);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_;
};

TEST_SUITE("net/tcp_listener") {
  TEST_CASE("accepts and tells who came") {
    TestLoop loop;
    TcpListener listener(loop);
    REQUIRE(listener.bind(kAnyPort));
    CHECK(listener.address().port() != 0);
    TcpSocket accepted;
    listener.start([&](TcpSocket socket) { accepted = std::move(socket); });

    const Descriptor client = dial(listener.address());
    REQUIRE(loop.run_until([&] { return static_cast<bool>(accepted); }));

    sockaddr_storage raw;
    socklen_t size = sizeof raw;
    ::getsockname(client.get(), reinterpret_cast<sockaddr*>(&raw), &size);
    CHECK(accepted.peer() == SocketAddress::from_sockaddr(raw));
    CHECK(accepted.local().value() == listener.address());
    CHECK(listener.accepted() == 1);
  }

  TEST_CASE("binds early and accepts late: clients wait in the backlog") {
    TestLoop loop;
    TcpListener listener(loop);
    REQUIRE(listener.bind(kAnyPort));
    std::vector<Descriptor> clients;
    for (int i = 0; i < 5; ++i) clients.push_back(dial(listener.address()));
    CHECK(clients.back().get() >= 0);
    loop.settle();
    CHECK(listener.accepted() == 0);

    std::vector<TcpSocket> accepted;
    listener.start([&](TcpSocket socket) { accepted.push_back(std::move(socket)); });
    loop->run_once();

    CHECK(accepted.size() == 5);  // all in one wake-up
  }

  TEST_CASE("sets the options on every accepted socket") {
    TestLoop loop;
    TcpListener listener(loop);
    ListenOptions options;
    options.accepted = {true, std::chrono::seconds(10), std::chrono::seconds(30)};
    REQUIRE(listener.bind(kAnyPort, options));
    TcpSocket accepted;
    listener.start([&](TcpSocket socket) { accepted = std::move(socket); });

    const Descriptor client = dial(listener.address());
    REQUIRE(loop.run_until([&] { return static_cast<bool>(accepted); }));

    CHECK(option(accepted.fd(), IPPROTO_TCP, TCP_NODELAY) == 1);
    CHECK(option(accepted.fd(), SOL_SOCKET, SO_KEEPALIVE) == 1);
    CHECK(option(accepted.fd(), IPPROTO_TCP, TCP_KEEPIDLE) == 10);
    CHECK(option(accepted.fd(), IPPROTO_TCP, TCP_USER_TIMEOUT) == 30'000);
  }

  TEST_CASE("says why it cannot bind") {
    TestLoop loop;
    TcpListener first(loop);
    REQUIRE(first.bind(kAnyPort));
    TcpListener second(loop);

    const Status status = second.bind(first.address());

    REQUIRE_FALSE(status);
    CHECK(status.error().sys == EADDRINUSE);
  }

  TEST_CASE("two share a port when both say so") {
    TestLoop loop;
    ListenOptions options;
    options.reuse_port = true;
    TcpListener first(loop);
    TcpListener second(loop);

    REQUIRE(first.bind(kAnyPort, options));

    CHECK(second.bind(first.address(), options));
  }

  TEST_CASE("listens on IPv6, and there to IPv4 too") {
    TestLoop loop;
    TcpListener listener(loop);
    REQUIRE(listener.bind(SocketAddress(IpAddress::any_v6(), 0)));
    std::vector<TcpSocket> accepted;
    listener.start([&](TcpSocket socket) { accepted.push_back(std::move(socket)); });

    const Descriptor v6 = dial({IpAddress::loopback_v6(), listener.address().port()});
    const Descriptor v4 = dial({IpAddress::loopback_v4(), listener.address().port()});
    REQUIRE(loop.run_until([&] { return accepted.size() == 2; }));

    CHECK(accepted[0].peer().ip() == IpAddress::loopback_v6());
    CHECK(accepted[1].peer().ip() == IpAddress::loopback_v4());  // unmapped
  }

  TEST_CASE("out of descriptors it pauses, keeps who waits, and goes on") {
    TestLoop loop;
    TcpListener listener(loop);
    REQUIRE(listener.bind(kAnyPort));
    std::vector<TcpSocket> accepted;
    listener.start([&](TcpSocket socket) { accepted.push_back(std::move(socket)); });
    loop.settle();
    const Descriptor client = dial(listener.address());

    {
      const NoDescriptors shortage;
      REQUIRE(loop.run_until([&] { return listener.pauses() == 1; }));
      CHECK_FALSE(listener.is_accepting());
      CHECK(accepted.empty());
      // It tries again, and pauses again.
      REQUIRE(loop.run_until([&] { return listener.pauses() == 2; }));
    }
    REQUIRE(loop.run_until([&] { return !accepted.empty(); }));

    CHECK(listener.is_accepting());
    test::send_all(client, "still connected");
    CHECK(test::read_some(Descriptor(::dup(accepted[0].fd()))) == "still connected");
  }

  TEST_CASE("takes nobody after it is stopped") {
    TestLoop loop;
    TcpListener listener(loop);
    REQUIRE(listener.bind(kAnyPort));
    int accepted = 0;
    listener.start([&](TcpSocket) { ++accepted; });
    loop.settle();
    const SocketAddress address = listener.address();

    listener.stop();
    const Descriptor refused = dial(address);
    loop.settle();

    CHECK(refused.get() < 0);
    CHECK(accepted == 0);
  }

  TEST_CASE("may be stopped or destroyed from inside on_accept") {
    TestLoop loop;
    auto listener = std::make_unique<TcpListener>(loop);
    REQUIRE(listener->bind(kAnyPort));
    const Descriptor one = dial(listener->address());
    const Descriptor two = dial(listener->address());
    int accepted = 0;

    SUBCASE("stopped") {
      listener->start([&](TcpSocket) {
        ++accepted;
        listener->stop();
      });
    }
    SUBCASE("destroyed") {
      listener->start([&](TcpSocket) {
        ++accepted;
        listener.reset();
      });
    }
    loop.settle();

    CHECK(accepted == 1);
  }

  TEST_CASE("may be destroyed without ever starting or binding") {
    TestLoop loop;
    TcpListener unbound(loop);
    TcpListener bound(loop);
    CHECK(bound.bind(kAnyPort));
  }
}

}  // namespace
}  // namespace mesh::net
