#include "meshkit/net/tcp_stream.h"

#include <doctest/doctest.h>

#include <functional>

#include "tests/support/allocation_counter.h"
#include "tests/support/recorder.h"
#include "tests/unit/meshkit/net/loopback.h"

namespace mesh::net {
namespace {

using test::Loopback;
using test::Recorder;
using test::TestLoop;

// Does something when an event comes.
struct Reactor final : StreamEvents {
  void on_data(MutableBytes bytes) override {
    seen.append(as_text(bytes));
    if (data) data(bytes);
  }
  void on_end() override {
    if (end) end();
  }
  void on_closed(const Error& error) override {
    closed = error;
    if (close) close();
  }
  void on_drained() override {
    if (drained) drained();
  }
  std::string seen;
  std::optional<Error> closed;
  std::function<void(MutableBytes)> data;
  std::function<void()> end;
  std::function<void()> close;
  std::function<void()> drained;
};

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

    CHECK(test::read_some(io.peer, MSG_DONTWAIT) == "head" + large);
    CHECK(io.stream->queued() == 0);
  }
}

}  // namespace
}  // namespace mesh::net
