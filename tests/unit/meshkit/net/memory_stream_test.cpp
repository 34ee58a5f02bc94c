#include "tests/support/memory_stream.h"

#include <doctest/doctest.h>

#include <memory>

#include "tests/support/recorder.h"
#include "tests/support/test_loop.h"

namespace mesh::net {
namespace {

using test::MemoryStream;
using test::MemoryStreamPair;
using test::Recorder;
using test::TestLoop;

TEST_SUITE("support/memory_stream") {
  TEST_CASE("carries bytes both ways at the end of the turn") {
    TestLoop loop;
    MemoryStreamPair io(loop);
    Recorder client;
    Recorder server;
    io.client.start(client);
    io.server.start(server);

    io.client.write(as_bytes("question"));
    io.server.write(as_bytes("answer"));
    CHECK(server.received.empty());
    loop.settle();

    CHECK(server.received == "question");
    CHECK(client.received == "answer");
  }

  TEST_CASE("hands on as few bytes at a time as asked") {
    TestLoop loop;
    MemoryStreamPair io(loop);
    Recorder server;
    io.server.set_largest_read(1);
    io.server.start(server);

    io.client.write(as_bytes("12345"));
    loop.settle();

    CHECK(server.data_calls == 5);
    CHECK(server.received == "12345");
  }

  TEST_CASE("ends each direction on its own, then closes in order") {
    TestLoop loop;
    MemoryStreamPair io(loop);
    Recorder client;
    Recorder server;
    io.client.start(client);
    io.server.start(server);

    io.client.write(as_bytes("last"));
    io.client.end();
    loop.settle();
    CHECK(server.ended);
    CHECK_FALSE(server.closed);
    io.server.write(as_bytes("after"));
    io.server.end();
    loop.settle();

    CHECK(client.received == "after");
    CHECK(client.closed->code == Errc::closed);
    CHECK(server.closed->code == Errc::closed);
    CHECK_FALSE(client.event_after_end);
    CHECK_FALSE(server.event_after_end);
  }

  TEST_CASE("queues beyond its capacity and tells when that has drained") {
    TestLoop loop;
    MemoryStreamPair io(loop);
    Recorder client;
    Recorder server;
    io.client.start(client);
    io.server.start(server);
    io.server.pause();
    io.client.set_capacity(1000);

    io.client.write(as_bytes(std::string(Stream::kHighWater + 1001, 'x')));
    loop.settle();
    CHECK(io.client.congested());
    CHECK(client.drained == 0);
    io.server.resume();
    loop.settle();

    CHECK(client.drained == 1);
    CHECK(io.client.queued() == 0);
  }

  TEST_CASE("an abort resets the peer and ends its own events") {
    TestLoop loop;
    MemoryStreamPair io(loop);
    Recorder client;
    Recorder server;
    io.client.start(client);
    io.server.start(server);
    io.client.write(as_bytes("lost"));

    io.client.abort();
    loop.settle();

    CHECK(server.closed->code == Errc::reset);
    CHECK(server.received.empty());
    CHECK_FALSE(client.closed);
  }

  TEST_CASE("destroying one end is an end for the other, or a reset if bytes are lost") {
    TestLoop loop;
    Recorder seen;
    auto gone = std::make_unique<MemoryStream>(loop);
    MemoryStream left(loop);
    MemoryStream::join(*gone, left);
    left.start(seen);

    SUBCASE("an end") {
      gone->write(as_bytes("all of it"));
      gone.reset();
      loop.settle();
      CHECK(seen.received == "all of it");
      CHECK(seen.ended);
      CHECK_FALSE(seen.closed);
      left.write(as_bytes("x"));
      loop.settle();
      CHECK(seen.closed->code == Errc::reset);
    }
    SUBCASE("a reset") {
      left.write(as_bytes("never read"));
      gone.reset();
      loop.settle();
      CHECK(seen.closed->code == Errc::reset);
    }
  }

  TEST_CASE("breaks on demand, on one side only") {
    TestLoop loop;
    MemoryStreamPair io(loop);
    Recorder client;
    Recorder server;
    io.client.start(client);
    io.server.start(server);

    io.client.break_with(Error{Errc::timed_out, "broken", 0});
    loop.settle();

    CHECK(client.closed->code == Errc::timed_out);
    CHECK_FALSE(server.closed);
  }

  TEST_CASE("a late receiver is told of an end that came before it") {
    TestLoop loop;
    MemoryStreamPair io(loop);
    Recorder first;
    Recorder second;
    io.server.start(first);
    io.client.end();
    loop.settle();
    REQUIRE(first.ended);

    io.server.start(second);
    loop.settle();

    CHECK(second.ended);
  }
}

}  // namespace
}  // namespace mesh::net
