#include "meshkit/tls/tls_stream.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/support/allocation_counter.h"
#include "tests/unit/meshkit/tls/tls_pair.h"

namespace mesh::tls {
namespace {

// Answers every byte with the same byte, and ends when its peer does.
class Echo final : public net::StreamEvents {
 public:
  explicit Echo(TlsStream& stream) : stream_(stream) { stream.start(*this); }
  void on_data(MutableBytes bytes) override {
    stream_.write(bytes);
    if (!stream_.congested()) return;
    stream_.pause();
    ++pauses;
  }
  void on_end() override { stream_.end(); }
  void on_closed(const Error& error) override { closed = error; }
  void on_drained() override { stream_.resume(); }

  int pauses = 0;
  std::optional<Error> closed;

 private:
  TlsStream& stream_;
};

// Stops after each on_data.
class PausingRecorder final : public net::StreamEvents {
 public:
  explicit PausingRecorder(TlsStream& stream) : stream_(stream) { stream.start(*this); }
  void on_data(MutableBytes bytes) override {
    received.append(as_text(bytes));
    stream_.pause();
  }
  void on_end() override { ended = true; }
  void on_closed(const Error& error) override { closed = error; }
  void on_drained() override {}

  std::string received;
  bool ended = false;
  std::optional<Error> closed;

 private:
  TlsStream& stream_;
};

TEST_SUITE("tls/tls_stream") {
  TEST_CASE("carries bytes both ways") {
    TlsPair pair;

    pair.client->write(as_bytes("question"));
    pair.server->write(as_bytes("answer"));
    pair.loop.settle();

    CHECK(pair.at_server.received == "question");
    CHECK(pair.at_client.received == "answer");
    CHECK(pair.server->bytes_read() == 8);
    CHECK(pair.server->bytes_written() == 6);
  }

  TEST_CASE("sends the small writes of a turn as one record") {
    TlsPair pair;

    for (int i = 0; i < 10; ++i) pair.client->write(as_bytes("0123456789"));
    pair.loop.settle();

    CHECK(pair.at_server.data_calls == 1);
    CHECK(pair.client_transport->bytes_written() == 100 + kRecordOverhead);
  }

  TEST_CASE("hands on many records with one event") {
    TlsPair pair;
    pair.server_transport->set_capacity(1 << 20);

    pair.client->write(as_bytes(text_of(60000)));
    pair.loop.settle();

    CHECK(pair.at_server.received == text_of(60000));
    // A memory transport delivers one chunk of its queue at a time.
    CHECK(pair.at_server.data_calls <= 3);
  }

  TEST_CASE("understands records that arrive byte by byte") {
    TlsPair pair;
    pair.server_transport->set_largest_read(1);

    pair.client->write(as_bytes(text_of(5000)));
    pair.client->write(as_bytes("end"));
    pair.client->end();
    pair.loop.settle();

    CHECK(pair.at_server.received == text_of(5000) + "end");
    CHECK(pair.at_server.ended);
    CHECK_FALSE(pair.server->was_truncated());
  }

  TEST_CASE("owns no buffer when it is idle") {
    TlsPair pair;
    for (int i = 0; i < 3; ++i) {
      pair.client->write(as_bytes(text_of(100000)));
      pair.server->write(as_bytes("ok"));
      pair.loop.settle();
    }

    CHECK(pair.at_server.received.size() == 300000);
    CHECK(pair.loop->pool().bytes_in_use() == 0);
    // What a connection costs while nothing happens, next to its transport.
    CHECK(sizeof(TlsStream) <= 1664);
  }

  TEST_CASE("allocates nothing per record once warm") {
    if (!test::AllocationCounter::is_counting()) return;
    TlsPair pair;
    Echo echo(*pair.server);
    class Sink final : public net::StreamEvents {
     public:
      void on_data(MutableBytes bytes) override { size += bytes.size(); }
      void on_end() override {}
      void on_closed(const Error&) override {}
      void on_drained() override {}
      std::size_t size = 0;
    } sink;
    pair.client->start(sink);
    const std::string large = text_of(40000);
    const auto exchange = [&] {
      pair.client->write(as_bytes("small"));
      pair.client->write(as_bytes(large));
      pair.loop.settle(3);
    };
    for (int i = 0; i < 20; ++i) exchange();

    const test::AllocationCounter allocations;
    for (int i = 0; i < 100; ++i) exchange();

    CHECK(allocations.count() == 0);
    CHECK(sink.size == 120 * (5 + 40000));
  }

  TEST_CASE("ends each direction on its own") {
    TlsPair pair;

    pair.client->write(as_bytes("last words"));
    pair.client->end();
    pair.loop.settle();
    CHECK(pair.at_server.received == "last words");
    CHECK(pair.at_server.ended);
    CHECK_FALSE(pair.at_server.closed);
    CHECK_FALSE(pair.at_client.ended);

    pair.server->write(as_bytes("still here"));
    pair.loop.settle();
    CHECK(pair.at_client.received == "still here");

    pair.server->end();
    pair.loop.settle();
    CHECK(pair.at_client.ended);
    REQUIRE(pair.at_client.closed);
    REQUIRE(pair.at_server.closed);
    CHECK(pair.at_client.closed->code == Errc::closed);
    CHECK(pair.at_server.closed->code == Errc::closed);
    CHECK_FALSE(pair.at_client.event_after_end);
    CHECK_FALSE(pair.at_server.event_after_end);
  }

  TEST_CASE("writes nothing after its end") {
    TlsPair pair;

    pair.client->end();
    pair.client->write(as_bytes("too late"));
    pair.client->end();
    pair.loop.settle();

    CHECK(pair.at_server.received.empty());
    CHECK(pair.at_server.ended);
  }

  TEST_CASE("tells an end without close_notify from one with") {
    ForgedPeer pair;
    pair.send(ContentType::application_data, {'h', 'i'});
    pair.transport->end();
    pair.loop.settle();

    CHECK(pair.at_server.received == "hi");
    CHECK(pair.at_server.ended);
    CHECK(pair.server->was_truncated());

    pair.server->end();
    pair.loop.settle();
    REQUIRE(pair.at_server.closed);
    CHECK(pair.at_server.closed->code == Errc::closed);
  }

  TEST_CASE("fails on an end inside a record, after the bytes before it") {
    ForgedPeer pair;
    pair.send(ContentType::application_data, {'h', 'i'});
    pair.send_raw({23, 3, 3, 0, 100, 1, 2, 3});
    pair.transport->end();
    pair.loop.settle();

    CHECK(pair.at_server.received == "hi");
    CHECK_FALSE(pair.at_server.ended);
    REQUIRE(pair.at_server.closed);
    CHECK(pair.at_server.closed->code == Errc::tls);
  }

  TEST_CASE("passes on what happens to its transport") {
    TlsPair pair;

    pair.server_transport->break_with({Errc::timed_out, "test"});
    pair.client->abort();
    pair.loop.settle();

    REQUIRE(pair.at_server.closed);
    CHECK(pair.at_server.closed->code == Errc::timed_out);
    CHECK_FALSE(pair.at_client.closed);
  }

  TEST_CASE("aborting resets the peer") {
    TlsPair pair;
    pair.client->write(as_bytes("never sent"));

    pair.client->abort();
    pair.loop.settle();

    REQUIRE(pair.at_server.closed);
    CHECK(pair.at_server.closed->code == Errc::reset);
    CHECK(pair.at_server.received.empty());
  }

  TEST_CASE("destroyed with bytes to send, it resets the peer") {
    TlsPair pair;
    pair.client->write(as_bytes("never sent"));

    pair.client.reset();
    pair.loop.settle();

    REQUIRE(pair.at_server.closed);
    CHECK(pair.at_server.closed->code == Errc::reset);
  }

  TEST_CASE("hands nothing on while paused, and everything after") {
    TlsPair pair;
    pair.server->pause();

    pair.client->write(as_bytes(text_of(3000)));
    pair.client->end();
    pair.loop.settle();
    CHECK(pair.at_server.received.empty());
    CHECK_FALSE(pair.at_server.ended);

    pair.server->resume();
    pair.loop.settle();
    CHECK(pair.at_server.received == text_of(3000));
    CHECK(pair.at_server.ended);
  }

  TEST_CASE("stops in the middle of what has arrived when its receiver pauses") {
    TlsPair pair;
    pair.server_transport->set_capacity(1 << 20);
    PausingRecorder receiver(*pair.server);
    const std::string text = text_of(250000);
    pair.client->write(as_bytes(text));
    pair.client->end();
    int pauses = 0;

    while (!receiver.ended && pauses < 100) {
      pair.loop.settle();
      CHECK(receiver.received == text.substr(0, receiver.received.size()));
      ++pauses;
      pair.server->resume();
    }

    CHECK(receiver.received == text);
    CHECK(pauses >= 4);
  }

  TEST_CASE("keeps the end that came with bytes until its receiver goes on") {
    TlsPair pair;
    PausingRecorder receiver(*pair.server);
    pair.client->write(as_bytes("bytes"));
    pair.client->end();
    pair.loop.settle();
    CHECK(receiver.received == "bytes");
    CHECK_FALSE(receiver.ended);

    pair.server->resume();
    pair.loop.settle();
    CHECK(receiver.ended);
  }

  TEST_CASE("sees the transport's end while paused, once the peer has ended") {
    ForgedPeer pair;
    pair.send(ContentType::alert, {1, 0});
    pair.loop.settle();
    REQUIRE(pair.at_server.ended);

    pair.server->pause();
    pair.server->end();
    pair.loop.settle();
    pair.transport->end();
    pair.loop.settle();

    REQUIRE(pair.at_server.closed);
    CHECK(pair.at_server.closed->code == Errc::closed);
  }

  TEST_CASE("reads what had arrived with the handshake first, and then the transport") {
    test::TestLoop loop;
    TransportPair transports(loop);
    test::Recorder recorder;
    RecordWriter writer(loop->pool(), kFromClient);
    writer.add(as_bytes("early "));
    TlsStream stream(loop, std::move(transports.server), TlsStream::Side::server, kFromClient,
                     kFromServer, writer.take());
    loop.settle();
    CHECK(recorder.received.empty());

    stream.start(recorder);
    CHECK(recorder.received.empty());
    loop.settle();
    CHECK(recorder.received == "early ");

    writer.add(as_bytes("and late"));
    writer.add_alert(Alert::close_notify);
    transports.client->write_queue(writer.take());
    loop.settle();
    CHECK(recorder.received == "early and late");
    CHECK(recorder.ended);
  }

  TEST_CASE("pushes back on a writer whose peer does not read") {
    TlsPair pair;
    pair.server->pause();
    const std::string chunk = text_of(50000);
    std::string expected;
    while (!pair.client->congested()) {
      pair.client->write(as_bytes(chunk));
      expected += chunk;
    }
    pair.loop.settle();
    CHECK(pair.client->congested());
    CHECK(pair.at_client.drained == 0);

    pair.server->resume();
    pair.loop.settle();

    CHECK(pair.client->queued() == 0);
    CHECK(pair.at_client.drained == 1);
    CHECK(pair.at_server.received == expected);
  }

  TEST_CASE("tells of draining however small the write was that congested it") {
    TlsPair pair;
    pair.server->pause();
    while (!pair.client->congested()) pair.client->write(as_bytes("a few bytes at a time"));

    pair.server->resume();
    pair.loop.settle();

    CHECK(pair.at_client.drained == 1);
  }

  TEST_CASE("moves much through an echo under back-pressure") {
    TlsPair pair;
    pair.client_transport->set_capacity(10000);
    Echo echo(*pair.server);
    const std::string chunk = text_of(77777);
    std::string expected;
    for (int i = 0; i < 40; ++i) {
      pair.client->write(as_bytes(chunk));
      expected += chunk;
      if (i % 8 == 0) pair.client->pause();
      if (i % 8 == 4) pair.client->resume();
      pair.loop.settle(2);
    }
    pair.client->resume();
    pair.client->end();

    CHECK(pair.loop.run_until([&] { return pair.at_client.closed.has_value(); }));
    CHECK(pair.at_client.received == expected);
    CHECK(echo.pauses > 0);
  }
}

}  // namespace
}  // namespace mesh::tls
