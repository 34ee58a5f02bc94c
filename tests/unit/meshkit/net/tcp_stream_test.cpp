#include "meshkit/net/tcp_stream.h"

#include <doctest/doctest.h>

#include "tests/support/allocation_counter.h"
#include "tests/support/recorder.h"
#include "tests/unit/meshkit/net/loopback.h"
#include "tests/unit/meshkit/net/reactor.h"

namespace mesh::net {
namespace {

using test::Loopback;
using test::Reactor;
using test::Recorder;
using test::TestLoop;

TEST_SUITE("net/tcp_stream") {
  TEST_CASE("hands on what the peer sends, and its end") {
    TestLoop loop;
    Loopback io(loop);
    Recorder seen;
    io.stream->start(seen);

    test::send_all(io.peer, "hello");
    loop.run_until([&] { return seen.received == "hello"; });
    CHECK_FALSE(seen.ended);
    ::shutdown(io.peer.get(), SHUT_WR);
    loop.run_until([&] { return seen.ended; });

    CHECK(seen.received == "hello");
    CHECK_FALSE(seen.closed);
    CHECK(io.stream->bytes_read() == 5);
  }

  TEST_CASE("gathers the small writes of a turn into one") {
    TestLoop loop;
    Loopback io(loop);
    Recorder seen;
    io.stream->start(seen);

    io.stream->write(as_bytes("one "));
    io.stream->write(as_bytes("two "));
    io.stream->write(as_bytes("three"));
    CHECK(io.stream->queued() == 13);
    CHECK(test::read_some(io.peer, MSG_DONTWAIT).empty());
    loop.settle();

    CHECK(test::read_some(io.peer, MSG_DONTWAIT) == "one two three");
    CHECK(io.stream->queued() == 0);
    CHECK(io.stream->bytes_written() == 13);
  }

  TEST_CASE("sends a large span at once, after what was queued before it") {
    TestLoop loop;
    Loopback io(loop);
    const std::string large(TcpStream::kWriteAtOnce, 'x');

    io.stream->write(as_bytes("head"));
    io.stream->write(as_bytes(large));

    CHECK((test::read_some(io.peer, MSG_DONTWAIT) == "head" + large));
    CHECK(io.stream->queued() == 0);
  }

  TEST_CASE("reads nothing while paused, and goes on when resumed") {
    TestLoop loop;
    Loopback io(loop);
    Recorder seen;
    io.stream->start(seen);
    io.stream->pause();

    test::send_all(io.peer, "hello");
    loop.settle();
    CHECK(seen.received.empty());
    io.stream->resume();
    loop.run_until([&] { return !seen.received.empty(); });

    CHECK(seen.received == "hello");
  }

  TEST_CASE("a pause from inside on_data holds at once, however much waits") {
    TestLoop loop;
    Loopback io(loop);
    Reactor seen;
    int calls = 0;
    seen.data = [&](MutableBytes) {
      ++calls;
      io.stream->pause();
    };
    io.stream->start(seen);
    io.stream->pause();
    const std::string many(4 * Loop::kScratchBytes, 'x');
    test::send_all(io.peer, many);

    io.stream->resume();
    loop.run_until([&] { return calls == 1; });
    loop.settle();
    CHECK(calls == 1);
    for (int i = 0; i < 100 && seen.seen.size() < many.size(); ++i) {
      io.stream->resume();
      loop->run_once(false);
    }

    CHECK((seen.seen == many));
  }

  TEST_CASE("queues what the kernel does not take, and tells when that has drained") {
    TestLoop loop;
    Loopback io(loop);
    Reactor seen;
    int drained = 0;
    std::size_t queued_then = 0;
    seen.drained = [&] {
      ++drained;
      queued_then = io.stream->queued();
    };
    const int small = 8 * 1024;  // so that the kernel takes little at a time
    ::setsockopt(io.stream->socket().fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    io.stream->start(seen);
    std::string large(4 << 20, ' ');
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 31 / 7);

    io.stream->write(as_bytes(large));
    loop.settle();
    REQUIRE(io.stream->congested());
    CHECK(drained == 0);
    std::string arrived;
    std::string some(50'000, ' ');
    while (arrived.size() < large.size()) {
      const ssize_t n = ::recv(io.peer.get(), some.data(), some.size(), MSG_DONTWAIT);
      if (n > 0) arrived.append(some, 0, static_cast<std::size_t>(n));
      loop->run_once(false);
    }

    CHECK((arrived == large));
    CHECK(drained == 1);
    CHECK(queued_then <= Stream::kLowWater);
    CHECK(io.stream->bytes_written() == large.size());
    CHECK(io.stream->queued() == 0);
  }

  TEST_CASE("many small writes to a slow peer arrive in order") {
    TestLoop loop;
    Loopback io(loop);
    std::string expected;
    std::string arrived;

    for (int i = 0; i < 60000; ++i) {
      const std::string piece =
          std::to_string(i) + std::string(static_cast<std::size_t>(i % 97), 'y');
      expected += piece;
      io.stream->write(as_bytes(piece));
      if (i % 1000 == 0) loop->run_once(false);
      if (i % 5000 == 0) arrived += test::read_some(io.peer, MSG_DONTWAIT);
    }
    io.stream->end();
    while (arrived.size() < expected.size()) {
      loop->run_once(false);
      arrived += test::read_some(io.peer, MSG_DONTWAIT);
    }

    CHECK((arrived == expected));
  }

  TEST_CASE("says nothing of draining to a stream that was not congested") {
    TestLoop loop;
    Loopback io(loop);
    Recorder seen;
    io.stream->start(seen);

    io.stream->write(as_bytes(std::string(Stream::kHighWater / 2, 'x')));
    loop.settle();

    CHECK(seen.drained == 0);
  }

  TEST_CASE("allocates nothing per read or write") {
    TestLoop loop;
    test::StreamPair io(loop);
    Reactor client;
    Reactor server;
    int rounds = 0;
    server.seen.reserve(1 << 20);
    client.seen.reserve(1 << 20);
    server.data = [&](MutableBytes bytes) { io.server->write(bytes); };
    client.data = [&](MutableBytes bytes) {
      ++rounds;
      io.client->write(bytes);
    };
    io.server->start(server);
    io.client->start(client);
    io.client->write(as_bytes("ping"));
    loop.run_until([&] { return rounds == 10; });

    const test::AllocationCounter counter;
    loop.run_until([&] { return rounds == 1000; });

    CHECK(rounds == 1000);
    CHECK(counter.count() == 0);
  }

  TEST_CASE("allocates nothing per write when the peer is slow") {
    TestLoop loop;
    Loopback io(loop);
    const std::string piece(10'000, 'x');
    std::string sink(1 << 20, ' ');
    const auto round = [&] {
      while (!io.stream->congested()) io.stream->write(as_bytes(piece));
      loop.run_until([&] {
        (void)::recv(io.peer.get(), sink.data(), sink.size(), MSG_DONTWAIT);
        return io.stream->queued() == 0;
      });
    };
    for (int i = 0; i < 30; ++i) round();

    const test::AllocationCounter counter;
    for (int i = 0; i < 30; ++i) round();

    CHECK(counter.count() == 0);
  }

  TEST_CASE("random traffic both ways, with random pauses, arrives whole and in order") {
    for (const std::uint64_t seed : {1u, 2u, 3u, 4u}) {
      TestLoop loop;
      test::StreamPair io(loop);
      Random random(seed);
      struct Side {
        TcpStream& stream;
        Recorder seen;
        std::string sent;
      };
      Side sides[] = {{*io.client, {}, {}}, {*io.server, {}, {}}};
      for (Side& side : sides) {
        const int small = 8 * 1024;  // so that the kernel takes little at a time
        ::setsockopt(side.stream.socket().fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
        side.stream.start(side.seen);
      }

      for (int step = 0; step < 2000; ++step) {
        Side& side = sides[random.below(2)];
        switch (random.below(6)) {
          case 0: side.stream.pause(); break;
          case 1: side.stream.resume(); break;
          case 2: loop->run_once(false); break;
          default: {
            if (side.stream.congested()) break;
            const std::uint32_t largest = 1u << random.below(17);
            const std::string bytes(1 + random.below(largest), static_cast<char>(step));
            side.sent += bytes;
            if (random.below(3) != 0) {
              side.stream.write(as_bytes(bytes));
            } else {
              ByteQueue queue(loop->pool());
              queue.append(as_bytes(bytes));
              side.stream.write(std::move(queue));
            }
          }
        }
      }
      for (Side& side : sides) {
        side.stream.resume();
        side.stream.end();
      }
      loop.run_until([&] { return sides[0].seen.closed && sides[1].seen.closed; });

      CHECK((sides[0].seen.received == sides[1].sent));
      CHECK((sides[1].seen.received == sides[0].sent));
      CHECK(sides[0].seen.closed->code == Errc::closed);
      CHECK_FALSE(sides[0].seen.event_after_end);
      CHECK_FALSE(sides[1].seen.event_after_end);
      CHECK(io.client->bytes_written() == sides[0].sent.size());
      CHECK(loop->pool().bytes_in_use() == 0);
    }
  }

  TEST_CASE("is small") { CHECK(sizeof(TcpStream) <= 256); }
}

}  // namespace
}  // namespace mesh::net
