#include <doctest/doctest.h>

#include "meshkit/net/tcp_stream.h"
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
  TEST_CASE("takes over the chunks of a queue in order") {
    TestLoop loop;
    Loopback io(loop);
    ByteQueue queue(loop->pool());
    queue.append(as_bytes("second"));

    io.stream->write(as_bytes("first "));
    io.stream->write(std::move(queue));
    io.stream->write(as_bytes(" third"));
    loop.settle();

    CHECK(test::read_some(io.peer, MSG_DONTWAIT) == "first second third");
  }

  TEST_CASE("ends our direction after all is written, and still reads") {
    TestLoop loop;
    Loopback io(loop);
    Recorder seen;
    io.stream->start(seen);
    const std::string large(8 << 20, 'x');

    io.stream->write(as_bytes(large));
    io.stream->end();
    std::string arrived;
    loop.run_until([&] {
      arrived += test::read_some(io.peer, MSG_DONTWAIT);
      return arrived.size() == large.size();
    });
    loop.settle();
    CHECK(test::read_some(io.peer).empty());  // the end
    CHECK_FALSE(seen.closed);
    test::send_all(io.peer, "answer");
    loop.run_until([&] { return !seen.received.empty(); });
    io.peer.close();
    loop.run_until([&] { return seen.closed.has_value(); });

    CHECK(seen.received == "answer");
    CHECK(seen.ended);
    CHECK(seen.closed->code == Errc::closed);
    CHECK_FALSE(seen.event_after_end);
  }

  TEST_CASE("writes on after the peer has ended") {
    TestLoop loop;
    Loopback io(loop);
    Recorder seen;
    io.stream->start(seen);

    ::shutdown(io.peer.get(), SHUT_WR);
    loop.run_until([&] { return seen.ended; });
    loop.settle();
    CHECK_FALSE(seen.closed);
    io.stream->write(as_bytes("still here"));
    io.stream->end();
    loop.run_until([&] { return seen.closed.has_value(); });

    CHECK(seen.closed->code == Errc::closed);
    CHECK(test::read_some(io.peer) == "still here");
    CHECK(test::read_some(io.peer).empty());
  }

  TEST_CASE("ignores what is written after the end") {
    TestLoop loop;
    Loopback io(loop);

    io.stream->write(as_bytes("kept"));
    io.stream->end();
    io.stream->write(as_bytes("lost"));
    io.stream->end();
    loop.settle();

    CHECK(test::read_some(io.peer) == "kept");
    CHECK(test::read_some(io.peer).empty());
  }

  TEST_CASE("reports a reset at once, and no end") {
    TestLoop loop;
    Loopback io(loop);
    Recorder seen;
    io.stream->start(seen);

    test::reset(std::move(io.peer));
    loop.run_until([&] { return seen.closed.has_value(); });

    CHECK(seen.closed->code == Errc::reset);
    CHECK_FALSE(seen.ended);
    CHECK(io.stream->queued() == 0);
  }

  TEST_CASE("reports a reset with output in the queue") {
    TestLoop loop;
    Loopback io(loop);
    Recorder seen;
    io.stream->start(seen);
    io.stream->write(as_bytes(std::string(16 << 20, 'x')));
    loop.settle();

    test::reset(std::move(io.peer));
    loop.run_until([&] { return seen.closed.has_value(); });

    CHECK(seen.closed->code == Errc::reset);
    CHECK_FALSE(seen.event_after_end);
    CHECK(io.stream->queued() == 0);
  }

  TEST_CASE("never calls back from inside a call") {
    TestLoop loop;
    Loopback io(loop);
    Recorder seen;
    io.stream->start(seen);
    io.stream->pause();
    test::reset(std::move(io.peer));
    loop.settle();

    SUBCASE("when writing fails at once") {
      io.stream->write(as_bytes(std::string(TcpStream::kWriteAtOnce, 'x')));
    }
    SUBCASE("when writing fails later") { io.stream->write(as_bytes("x")); }
    CHECK_FALSE(seen.closed);
    loop.run_until([&] { return seen.closed.has_value(); });

    CHECK(seen.closed->code == Errc::reset);
  }

  TEST_CASE("hands on what the peer said before it closed on us") {
    TestLoop loop;
    Loopback io(loop);
    Recorder seen;
    io.stream->start(seen);
    io.stream->pause();
    io.stream->write(as_bytes("request"));
    loop.settle();
    test::send_all(io.peer, "answer");
    io.peer.close();  // with the request unread: an answer, an end, and a reset

    io.stream->resume();
    io.stream->write(as_bytes("more of it"));
    loop.run_until([&] { return seen.closed.has_value(); });

    CHECK(seen.received == "answer");
    CHECK(seen.closed->code == Errc::reset);
  }

  TEST_CASE("abort resets the peer, and no event follows") {
    TestLoop loop;
    Loopback io(loop);
    Recorder seen;
    io.stream->start(seen);
    io.stream->write(as_bytes("never sent"));
    test::send_all(io.peer, "never read");

    io.stream->abort();
    loop.settle();
    char byte;
    const auto n = ::recv(io.peer.get(), &byte, 1, 0);

    CHECK(n == -1);
    CHECK(errno == ECONNRESET);
    CHECK(seen.data_calls == 0);
    CHECK_FALSE(seen.closed);
    CHECK(io.stream->queued() == 0);
  }

  TEST_CASE("abort is allowed from inside every event") {
    TestLoop loop;
    Loopback io(loop);
    Reactor seen;
    int events = 0;
    const auto abort = [&] {
      ++events;
      io.stream->abort();
    };

    SUBCASE("on_data") {
      seen.data = [&](MutableBytes) { abort(); };
    }
    SUBCASE("on_end") { seen.end = abort; }
    SUBCASE("on_drained") {
      seen.drained = abort;
      io.stream->write(as_bytes(std::string(Stream::kHighWater * 2, 'x')));
      io.stream->write(as_bytes(std::string(1024, 'x')));
    }
    io.stream->start(seen);
    test::send_all(io.peer, std::string(3 * Loop::kScratchBytes, 'x'));
    ::shutdown(io.peer.get(), SHUT_WR);
    loop.run_until([&] {
      (void)test::read_some(io.peer, MSG_DONTWAIT);
      return events != 0 || seen.closed;
    });
    loop.settle();

    CHECK(events <= 1);
    CHECK_FALSE(seen.closed);
  }

  TEST_CASE("destroyed with output in flight it resets the peer and touches nothing") {
    TestLoop loop;
    Loopback io(loop);
    io.stream->write(as_bytes(std::string(16 << 20, 'x')));
    loop.settle();
    REQUIRE(io.stream->queued() > 0);

    io.stream.reset();
    loop.settle();
    while (!test::read_some(io.peer).empty()) {
    }

    CHECK(errno == ECONNRESET);
  }

  TEST_CASE("destroyed with nothing queued it ends in order") {
    TestLoop loop;
    Loopback io(loop);
    Recorder seen;
    io.stream->start(seen);
    io.stream->write(as_bytes("all of it"));
    loop.settle();

    io.stream.reset();
    loop.settle();

    CHECK(test::read_some(io.peer) == "all of it");
    char byte;
    CHECK(::recv(io.peer.get(), &byte, 1, 0) == 0);
    CHECK_FALSE(seen.closed);
  }

  TEST_CASE("may be retired from inside its own events") {
    struct Session final : Retirable, StreamEvents {
      Session(TestLoop& test_loop, bool& is_gone) : loop(test_loop), gone(is_gone) {}
      ~Session() override { gone = true; }
      void on_data(MutableBytes) override { loop->retire(std::move(self)); }
      void on_end() override {}
      void on_closed(const Error&) override {}
      void on_drained() override {}
      TestLoop& loop;
      bool& gone;
      std::unique_ptr<net::TcpStream> stream;
      std::unique_ptr<Retirable> self;
    };
    TestLoop loop;
    Loopback io(loop);
    bool gone = false;
    auto session = std::make_unique<Session>(loop, gone);
    session->stream = std::move(io.stream);
    session->stream->start(*session);
    session->stream->write(as_bytes("x"));
    Session& running = *session;
    running.self = std::move(session);

    test::send_all(io.peer, "x");
    loop.run_until([&] { return gone; });

    CHECK(gone);
  }

  TEST_CASE("another start changes the receiver, even in the middle of the bytes") {
    TestLoop loop;
    Loopback io(loop);
    Recorder next;
    Reactor first;
    first.data = [&](MutableBytes bytes) {
      io.stream->start(next);
      next.on_data(bytes.subspan(3));
    };
    io.stream->start(first);

    test::send_all(io.peer, "abcdef");
    loop.run_until([&] { return !next.received.empty(); });
    test::send_all(io.peer, "ghi");
    loop.run_until([&] { return next.received.size() >= 6; });

    CHECK(first.seen == "abcdef");
    CHECK(next.received == "defghi");
  }

  TEST_CASE("a late receiver is told of an end that came before it") {
    TestLoop loop;
    Loopback io(loop);
    Recorder first;
    Recorder second;
    io.stream->start(first);
    ::shutdown(io.peer.get(), SHUT_WR);
    loop.run_until([&] { return first.ended; });

    io.stream->start(second);
    CHECK_FALSE(second.ended);
    loop.settle();

    CHECK(second.ended);
  }

  TEST_CASE("a failure before the start waits for the receiver") {
    TestLoop loop;
    Loopback io(loop);
    Recorder seen;
    test::reset(std::move(io.peer));
    loop.settle();
    io.stream->write(as_bytes("x"));
    loop.settle();

    io.stream->start(seen);
    loop.run_until([&] { return seen.closed.has_value(); });

    CHECK(seen.closed->code == Errc::reset);
  }
}

}  // namespace
}  // namespace mesh::net
