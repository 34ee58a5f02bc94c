#include "meshkit/net/pump.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include "tests/support/allocation_counter.h"
#include "tests/support/memory_stream.h"
#include "tests/support/recorder.h"
#include "tests/unit/meshkit/net/loopback.h"

namespace mesh::net {
namespace {

using test::Loopback;
using test::MemoryStreamPair;
using test::Recorder;
using test::TestLoop;

// client <-> (near.server | pump | far.client) <-> server
struct Route {
  explicit Route(TestLoop& loop) : near(loop), far(loop), pump(loop, near.server, far.client) {
    near.client.start(client);
    far.server.start(server);
  }
  void run() {
    pump.start([this](const Pump::Outcome& o) { outcome = o; });
  }
  MemoryStreamPair near;
  MemoryStreamPair far;
  Recorder client;
  Recorder server;
  Pump pump;
  std::optional<Pump::Outcome> outcome;
};

TEST_SUITE("net/pump") {
  TEST_CASE("copies both ways and counts") {
    TestLoop loop;
    Route route(loop);
    route.run();

    route.near.client.write(as_bytes("question"));
    route.far.server.write(as_bytes("an answer"));
    loop.settle();

    CHECK(route.server.received == "question");
    CHECK(route.client.received == "an answer");
    CHECK(route.pump.bytes_from_first() == 8);
    CHECK(route.pump.bytes_from_second() == 9);
    CHECK_FALSE(route.outcome);
  }

  TEST_CASE("each direction ends on its own") {
    TestLoop loop;
    Route route(loop);
    route.run();

    route.near.client.write(as_bytes("all I have"));
    route.near.client.end();
    loop.settle();
    CHECK(route.server.ended);
    CHECK_FALSE(route.client.ended);
    CHECK_FALSE(route.outcome);
    route.far.server.write(as_bytes("late answer"));
    route.far.server.end();
    loop.settle();

    CHECK(route.client.received == "late answer");
    CHECK(route.client.ended);
    REQUIRE(route.outcome);
    CHECK_FALSE(route.outcome->first.failure);
    CHECK_FALSE(route.outcome->second.failure);
    CHECK(route.outcome->first.bytes_received == 10);
    CHECK(route.outcome->second.bytes_received == 11);
  }

  TEST_CASE("the server may end first") {
    TestLoop loop;
    Route route(loop);
    route.run();

    route.far.server.end();
    loop.settle();
    CHECK(route.client.ended);
    route.near.client.write(as_bytes("bye"));
    route.near.client.end();
    loop.settle();

    CHECK(route.server.received == "bye");
    CHECK(route.outcome);
  }

  TEST_CASE("a reset on one side resets the other, with its cause told once") {
    TestLoop loop;
    Route route(loop);
    route.run();

    route.near.client.abort();
    loop.settle();

    REQUIRE(route.server.closed);
    CHECK(route.server.closed->code == Errc::reset);
    REQUIRE(route.outcome);
    CHECK(route.outcome->first.failure->code == Errc::reset);
    CHECK_FALSE(route.outcome->second.failure);
  }

  TEST_CASE("a failure after one direction has ended still resets") {
    TestLoop loop;
    Route route(loop);
    route.run();
    route.near.client.end();
    loop.settle();

    route.far.client.break_with(Error{Errc::timed_out, "broken", 0});
    loop.settle();

    REQUIRE(route.client.closed);
    CHECK(route.client.closed->code == Errc::reset);
    CHECK(route.outcome->second.failure->code == Errc::timed_out);
  }

  TEST_CASE("a slow receiver pauses the sender, and nothing is lost") {
    TestLoop loop;
    Route route(loop);
    std::string text(4 << 20, ' ');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 13 / 5);
    route.far.server.pause();
    route.run();

    route.near.client.write(as_bytes(text));
    route.near.client.end();
    loop.settle();
    CHECK(route.near.server.is_paused());
    CHECK(route.far.client.queued() < Stream::kHighWater + 2 * Loop::kScratchBytes);
    route.far.server.resume();
    loop.settle();

    CHECK((route.server.received == text));
    CHECK(route.server.ended);
  }

  TEST_CASE("both directions slow at once do not block each other") {
    TestLoop loop;
    Route route(loop);
    const std::string text(2 << 20, 'x');
    route.far.server.pause();
    route.near.client.pause();
    route.run();

    route.near.client.write(as_bytes(text));
    route.far.server.write(as_bytes(text));
    loop.settle();
    route.near.client.resume();
    loop.settle();
    CHECK(route.client.received.size() == text.size());
    route.far.server.resume();
    loop.settle();

    CHECK(route.server.received.size() == text.size());
  }

  TEST_CASE("sends what was read before first") {
    TestLoop loop;
    Route route(loop);
    ByteQueue from_client(loop->pool());
    ByteQueue from_server(loop->pool());
    from_client.append(as_bytes("peeked, "));
    from_server.append(as_bytes("220 "));

    route.near.client.write(as_bytes("then read"));
    route.far.server.write(as_bytes("ready"));
    route.pump.start(std::move(from_client), std::move(from_server), [](const auto&) {});
    loop.settle();

    CHECK(route.server.received == "peeked, then read");
    CHECK(route.client.received == "220 ready");
    CHECK(route.pump.bytes_from_first() == 17);
  }

  TEST_CASE("its call may destroy the streams and the pump") {
    TestLoop loop;
    MemoryStreamPair near(loop);
    MemoryStreamPair far(loop);
    Recorder client;
    Recorder server;
    near.client.start(client);
    far.server.start(server);
    struct Session {
      Session(Loop& l, MemoryStreamPair& n, MemoryStreamPair& f) : pump(l, n.server, f.client) {}
      Pump pump;
    };
    auto session = std::make_unique<Session>(loop, near, far);
    session->pump.start([&](const auto&) { session.reset(); });

    near.client.end();
    far.server.end();
    loop.settle();

    CHECK(session == nullptr);
  }

  TEST_CASE("over TCP: half-close, end and reset pass through as they are") {
    TestLoop loop;
    Loopback near(loop);
    Loopback far(loop);
    Pump pump(loop, *near.stream, *far.stream);
    std::optional<Pump::Outcome> outcome;
    pump.start([&](const auto& o) { outcome = o; });

    SUBCASE("end") {
      test::send_all(near.peer, "question");
      ::shutdown(near.peer.get(), SHUT_WR);
      std::string seen;
      loop.run_until(
          [&] { return (seen += test::read_some(far.peer, MSG_DONTWAIT)) == "question"; });
      loop.settle();
      CHECK(test::read_some(far.peer).empty());
      test::send_all(far.peer, "answer");
      far.peer.close();
      REQUIRE(loop.run_until([&] { return outcome.has_value(); }));
      CHECK(test::read_some(near.peer) == "answer");
      CHECK(test::read_some(near.peer).empty());
      CHECK_FALSE(outcome->first.failure);
    }
    SUBCASE("reset") {
      test::reset(std::move(far.peer));
      REQUIRE(loop.run_until([&] { return outcome.has_value(); }));
      char byte;
      CHECK(::recv(near.peer.get(), &byte, 1, 0) == -1);
      CHECK(errno == ECONNRESET);
      CHECK(outcome->second.failure->code == Errc::reset);
      CHECK_FALSE(outcome->first.failure);
    }
  }

  TEST_CASE("over TCP: a slow reader does not make it hold more than the high water") {
    TestLoop loop;
    Loopback near(loop);
    Loopback far(loop);
    Pump pump(loop, *near.stream, *far.stream);
    pump.start([](const auto&) {});
    const std::string block(256 * 1024, 'x');
    std::size_t sent = 0;
    std::size_t most = 0;

    for (int quiet = 0; quiet < 50;) {
      const ssize_t n = ::send(near.peer.get(), block.data(), block.size(), MSG_DONTWAIT);
      quiet = n > 0 ? 0 : quiet + 1;
      sent += n > 0 ? static_cast<std::size_t>(n) : 0;
      loop->run_once(false);
      most = std::max(most, far.stream->queued());
    }
    CHECK(most > Stream::kLowWater);
    CHECK(most <= Stream::kHighWater + Loop::kScratchBytes);
    std::size_t arrived = 0;
    REQUIRE(loop.run_until([&] {
      arrived += test::read_some(far.peer, MSG_DONTWAIT).size();
      return arrived == sent;
    }));
  }

  TEST_CASE("spliced: large transfers both ways arrive whole, then end on their own") {
    TestLoop loop;
    Loopback near(loop);
    Loopback far(loop);
    Pump pump(loop, *near.stream, *far.stream);
    pump.allow_splice(*near.stream, *far.stream);
    std::optional<Pump::Outcome> outcome;
    pump.start([&](const auto& o) { outcome = o; });
    std::string text[2] = {std::string(12 << 20, ' '), std::string(9 << 20, ' ')};
    for (std::string& t : text)
      for (std::size_t i = 0; i < t.size(); ++i) t[i] = static_cast<char>(i * 31 / 7 + t.size());
    const int peers[2] = {near.peer.get(), far.peer.get()};
    std::size_t sent[2] = {0, 0};
    std::string seen[2];
    std::string some(100'000, ' ');
    std::size_t most = 0;

    for (int turn = 0; (!outcome || turn == 0) && turn < 1'000'000; ++turn) {
      for (const std::size_t i : {0u, 1u}) {
        const std::size_t left = text[i].size() - sent[i];
        const ssize_t n = ::send(peers[i], text[i].data() + sent[i], left, MSG_DONTWAIT);
        if (n > 0) sent[i] += static_cast<std::size_t>(n);
        if (n > 0 && sent[i] == text[i].size()) ::shutdown(peers[i], SHUT_WR);
        const ssize_t m = ::recv(peers[i], some.data(), some.size(), MSG_DONTWAIT);
        if (m > 0) seen[i].append(some, 0, static_cast<std::size_t>(m));
      }
      loop->run_once(false);
      most = std::max(most, std::max(near.stream->queued(), far.stream->queued()));
    }
    for (const std::size_t i : {0u, 1u})
      for (ssize_t m = 1; m > 0;) {
        m = ::recv(peers[i], some.data(), some.size(), 0);
        if (m > 0) seen[i].append(some, 0, static_cast<std::size_t>(m));
      }

    REQUIRE(outcome);
    CHECK((seen[1] == text[0]));
    CHECK((seen[0] == text[1]));
    CHECK_FALSE(outcome->first.failure);
    CHECK(outcome->first.bytes_received == text[0].size());
    CHECK(outcome->second.bytes_received == text[1].size());
    CHECK(near.stream->bytes_read() == text[0].size());
    CHECK(far.stream->bytes_written() == text[0].size());
    CHECK(most <= Stream::kHighWater + 256 * 1024);
  }

  TEST_CASE("spliced: a slow reader pauses it, a reset passes through") {
    TestLoop loop;
    Loopback near(loop);
    Loopback far(loop);
    Pump pump(loop, *near.stream, *far.stream);
    pump.allow_splice(*near.stream, *far.stream);
    std::optional<Pump::Outcome> outcome;
    pump.start([&](const auto& o) { outcome = o; });
    const std::string block(256 * 1024, 'x');
    for (int quiet = 0; quiet < 50;) {
      quiet = ::send(near.peer.get(), block.data(), block.size(), MSG_DONTWAIT) > 0 ? 0 : quiet + 1;
      loop->run_once(false);
    }
    CHECK(pump.bytes_from_first() > Pump::kSpliceAfter);
    CHECK(far.stream->congested());

    SUBCASE("of the receiver") {
      test::reset(std::move(far.peer));
      REQUIRE(loop.run_until([&] { return outcome.has_value(); }));
      CHECK(outcome->second.failure->code == Errc::reset);
      char byte;
      CHECK(::recv(near.peer.get(), &byte, 1, 0) == -1);
    }
    SUBCASE("of the sender") {
      test::reset(std::move(near.peer));
      REQUIRE(loop.run_until([&] {
        (void)test::read_some(far.peer, MSG_DONTWAIT);
        return outcome.has_value();
      }));
      CHECK(outcome->first.failure->code == Errc::reset);
    }
  }

  TEST_CASE("spliced: without descriptors for a pipe it copies as ever") {
    TestLoop loop;
    Loopback near(loop);
    Loopback far(loop);
    Pump pump(loop, *near.stream, *far.stream);
    pump.allow_splice(*near.stream, *far.stream);
    pump.start([](const auto&) {});
    rlimit before;
    ::getrlimit(RLIMIT_NOFILE, &before);
    rlimit none = before;
    none.rlim_cur = 3;
    ::setrlimit(RLIMIT_NOFILE, &none);
    const std::string block(256 * 1024, 'x');
    std::size_t arrived = 0;

    for (int i = 0; i < 100'000 && arrived < 4 * Pump::kSpliceAfter; ++i) {
      (void)::send(near.peer.get(), block.data(), block.size(), MSG_DONTWAIT);
      loop->run_once(false);
      arrived += test::read_some(far.peer, MSG_DONTWAIT).size();
    }
    ::setrlimit(RLIMIT_NOFILE, &before);

    CHECK(arrived >= 4 * Pump::kSpliceAfter);
  }

  TEST_CASE("allocates nothing per byte") {
    TestLoop loop;
    Loopback near(loop);
    Loopback far(loop);
    Pump pump(loop, *near.stream, *far.stream);
    pump.start([](const auto&) {});
    std::string block(16 * 1024, 'x');
    const auto round = [&] {
      test::send_all(near.peer, block);
      std::size_t left = block.size();
      loop.run_until([&] {
        const ssize_t n = ::recv(far.peer.get(), block.data(), block.size(), MSG_DONTWAIT);
        left -= n > 0 ? static_cast<std::size_t>(n) : 0;
        return left == 0;
      });
    };
    for (int i = 0; i < 10; ++i) round();

    const test::AllocationCounter counter;
    for (int i = 0; i < 100; ++i) round();

    CHECK(counter.count() == 0);
  }
}

}  // namespace
}  // namespace mesh::net
