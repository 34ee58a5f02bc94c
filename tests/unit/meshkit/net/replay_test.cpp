#include "meshkit/net/replay.h"

#include <doctest/doctest.h>

#include "tests/support/memory_stream.h"
#include "tests/support/recorder.h"
#include "tests/support/test_loop.h"

namespace mesh::net {
namespace {

TEST_SUITE("net/replay") {
  TEST_CASE("the receiver sees the prefix in one call, then the stream") {
    test::TestLoop loop;
    test::MemoryStreamPair io(loop);
    test::Recorder seen;
    ByteQueue prefix(loop->pool());
    prefix.append(as_bytes(std::string(40'000, 'p')));
    io.client.write(as_bytes("rest"));

    start_with_prefix(io.server, seen, std::move(prefix), loop->pool());
    CHECK(seen.data_calls == 1);
    loop.settle();

    CHECK((seen.received == std::string(40'000, 'p') + "rest"));
  }

  TEST_CASE("an empty prefix makes no event") {
    test::TestLoop loop;
    test::MemoryStreamPair io(loop);
    test::Recorder seen;

    start_with_prefix(io.server, seen, ByteQueue(loop->pool()), loop->pool());

    CHECK(seen.data_calls == 0);
  }

  TEST_CASE("a pause from inside the prefix holds") {
    struct Pausing final : StreamEvents {
      explicit Pausing(Stream& s) : stream(s) {}
      void on_data(MutableBytes bytes) override {
        seen += as_text(bytes);
        stream.pause();
      }
      void on_end() override {}
      void on_closed(const Error&) override {}
      void on_drained() override {}
      Stream& stream;
      std::string seen;
    };
    test::TestLoop loop;
    test::MemoryStreamPair io(loop);
    Pausing receiver(io.server);
    ByteQueue prefix(loop->pool());
    prefix.append(as_bytes("prefix"));
    io.client.write(as_bytes("rest"));

    start_with_prefix(io.server, receiver, std::move(prefix), loop->pool());
    loop.settle();
    CHECK(receiver.seen == "prefix");
    io.server.resume();
    loop.settle();

    CHECK(receiver.seen == "prefixrest");
  }
}

}  // namespace
}  // namespace mesh::net
