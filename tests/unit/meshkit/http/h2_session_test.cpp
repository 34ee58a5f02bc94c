#include "meshkit/http/h2_session.h"

#include <doctest/doctest.h>

#include <optional>

#include "tests/unit/meshkit/http/h2_pair.h"

using namespace mesh;
using namespace mesh::http;
using namespace mesh::http::test;
using namespace std::chrono_literals;

TEST_SUITE("http/h2_session") {
  TEST_CASE("a draining server finishes what it has and then closes") {
    H2Pair pair;
    Peer& client = pair.get();
    pair.settle();
    pair.server->drain();
    pair.settle();
    CHECK(pair.client_owner.draining == 1);
    CHECK_FALSE(pair.client->is_available());
    CHECK(pair.client->open(client) == nullptr);
    CHECK_FALSE(pair.server_owner.closed);

    pair.server_owner.requests.at(0).stream->send_head(pair.ok(), true);
    pair.settle();

    CHECK(client.log == "head. closed");
    REQUIRE(pair.server_owner.closed);
    CHECK(pair.server_owner.closed->code == Errc::closed);
    REQUIRE(pair.client_owner.closed);
    CHECK(pair.client_owner.closed->code == Errc::closed);
  }

  TEST_CASE("a draining server still takes requests that were on their way") {
    H2Pair pair;
    pair.server->drain();
    Peer& client = pair.get();  // sent before the client hears of it
    pair.settle();
    REQUIRE(pair.server_owner.requests.size() == 1);
    pair.server_owner.requests[0].stream->send_head(pair.ok(), true);
    pair.settle();

    CHECK(client.log == "head. closed");
    CHECK(pair.client_owner.closed);
  }

  TEST_CASE("a draining client closes after its last exchange") {
    H2Pair pair;
    Peer& client = pair.get();
    pair.settle();
    pair.client->drain();
    pair.settle();
    CHECK_FALSE(pair.client->is_available());
    CHECK_FALSE(pair.client_owner.closed);
    pair.server_owner.requests.at(0).stream->send_head(pair.ok(), true);
    pair.settle();

    CHECK(client.log == "head. closed");
    CHECK(pair.client_owner.closed->code == Errc::closed);
    CHECK(pair.server_owner.closed);
  }

  TEST_CASE("an idle connection that drains closes at once") {
    H2Pair pair;
    pair.client->drain();
    pair.settle();

    CHECK(pair.client_owner.closed);
    CHECK(pair.server_owner.closed);
  }

  TEST_CASE("a connection that breaks tells every exchange, then its owner") {
    H2Pair pair;
    Peer& one = pair.get();
    Peer& two = pair.post();
    pair.settle();
    pair.pipe.client.break_with({Errc::reset, "cut"});
    pair.settle();

    CHECK(one.log == "reset closed");
    CHECK(one.reset->error.code == Errc::reset);
    CHECK_FALSE(one.reset->unprocessed);
    CHECK(two.log == "reset closed");
    CHECK(pair.client_owner.closed->code == Errc::reset);
    CHECK(pair.client->open_exchanges() == 0);
  }

  TEST_CASE("what was never sent on a broken connection was not processed") {
    H2Pair pair;
    Peer peer;
    peer.stream = pair.client->open(peer);
    pair.pipe.client.break_with({Errc::reset, "cut"});
    pair.settle();

    CHECK(peer.reset->unprocessed);
  }

  TEST_CASE("abort tells the exchanges before it returns, and the owner nothing") {
    H2Pair pair;
    Peer& client = pair.post();
    pair.settle();
    pair.client->abort();
    CHECK(client.log == "reset closed");
    pair.settle();

    CHECK_FALSE(pair.client_owner.closed);
    CHECK(pair.server_owner.requests.at(0).log == "head reset closed");
    CHECK(pair.server_owner.closed);
  }

  TEST_CASE("a connection may be aborted from inside an event of its own") {
    H2Pair pair;
    pair.server_owner.prepare = [&pair](Peer& peer) {
      peer.when_head = [&pair](Peer&) { pair.server->abort(); };
    };
    Peer& one = pair.get();
    Peer& two = pair.get();
    pair.settle();

    CHECK(pair.server_owner.requests.size() == 1);
    CHECK(pair.server_owner.requests[0].log == "head. reset closed");
    CHECK(one.log == "reset closed");
    CHECK(two.log == "reset closed");
  }

  TEST_CASE("destroying a connection tells its exchanges") {
    H2Pair pair;
    Peer& client = pair.get();
    pair.settle();
    pair.client.reset();

    CHECK(client.log == "reset closed");
    CHECK(client.reset->error.code == Errc::canceled);
  }

  TEST_CASE("a peer that ends its half gets the responses it waits for") {
    H2Pair pair;
    Peer& client = pair.get();
    pair.settle();
    pair.pipe.client.end();
    pair.settle();
    CHECK_FALSE(pair.server_owner.closed);
    pair.server_owner.requests.at(0).stream->send_head(pair.ok(), true);
    pair.settle();

    CHECK(client.log == "head. closed");
    CHECK(pair.server_owner.closed);
  }

  TEST_CASE("the peer's limit of streams holds, and room is told") {
    H2Settings two;
    two.max_streams = 2;
    H2Pair pair(two);
    CHECK(pair.client->stream_limit() == 2);
    (void)pair.get();
    (void)pair.get();
    CHECK_FALSE(pair.client->is_available());
    Peer& refused = pair.get();
    CHECK(refused.stream == nullptr);
    pair.settle();
    pair.client_owner.available = 0;
    pair.server_owner.requests.at(0).stream->send_head(pair.ok(), true);
    pair.settle();

    CHECK(pair.client_owner.available == 1);
    CHECK(pair.client->is_available());
  }

  TEST_CASE("requests opened before the connection starts go out with it") {
    H2Pair pair({}, {}, false);
    Peer& early = pair.get("/early");
    early.stream->send_body({});
    pair.start();
    REQUIRE(pair.server_owner.requests.size() == 1);
    pair.server_owner.requests[0].stream->send_head(pair.ok(), true);
    pair.settle();

    CHECK(early.log == "head. closed");
  }

  TEST_CASE("bytes that were read before the server started are handled first") {
    H2Pair pair({}, {}, false);
    Peer& client = pair.get();
    pair.client->start();
    class Taker final : public net::StreamEvents {
     public:
      void on_data(MutableBytes bytes) override { taken.append(as_text(bytes)); }
      void on_end() override {}
      void on_closed(const Error&) override {}
      void on_drained() override {}
      std::string taken;
    } taker;
    pair.pipe.server.start(taker);
    pair.settle();
    REQUIRE_FALSE(taker.taken.empty());
    pair.server->start({reinterpret_cast<std::uint8_t*>(taker.taken.data()), taker.taken.size()});
    pair.settle();
    pair.server_owner.requests.at(0).stream->send_head(pair.ok(), true);
    pair.settle();

    CHECK(client.log == "head. closed");
  }

  TEST_CASE("bytes read before come before those that arrive while the server starts") {
    H2Pair pair({}, {}, false);
    Peer& client = pair.post();
    client.stream->send_body(as_bytes("behind the head"));
    client.stream->send_end();
    pair.client->start();
    class FirstBytes final : public net::StreamEvents {
     public:
      explicit FirstBytes(net::Stream& from) : stream(from) {}
      void on_data(MutableBytes bytes) override {
        taken.append(as_text(bytes));
        stream.pause();
      }
      void on_end() override {}
      void on_closed(const Error&) override {}
      void on_drained() override {}
      net::Stream& stream;
      std::string taken;
    } first(pair.pipe.server);
    pair.pipe.server.set_largest_read(30);
    pair.pipe.server.start(first);
    pair.settle();
    REQUIRE(first.taken.size() == 30);
    pair.pipe.server.resume();
    pair.server->start({reinterpret_cast<std::uint8_t*>(first.taken.data()), 30});
    pair.settle();

    CHECK(pair.server_owner.malformed.empty());
    REQUIRE(pair.server_owner.requests.size() == 1);
    CHECK(pair.server_owner.requests[0].body == "behind the head");
  }

  TEST_CASE("a PING tells the round trip, one at a time") {
    H2Pair pair;
    CHECK(pair.client->session().round_trip() > 0ns);  // of SETTINGS
    std::optional<Nanoseconds> heard;
    CHECK(pair.client->session().ping([&heard](Nanoseconds time) { heard = time; }));
    CHECK_FALSE(pair.client->session().ping([](Nanoseconds) {}));
    pair.settle();

    REQUIRE(heard);
    CHECK(*heard > 0ns);
    CHECK(pair.client->session().ping([](Nanoseconds) {}));
  }

  TEST_CASE("a silent peer does not answer a PING") {
    H2Pair pair;
    pair.pipe.server.pause();
    bool heard = false;
    (void)pair.client->session().ping([&heard](Nanoseconds) { heard = true; });
    pair.settle();

    CHECK_FALSE(heard);
  }

  TEST_CASE("exchanges allocate nothing once warm") {
    H2Pair pair;
    pair.server_owner.prepare = [&pair](Peer& peer) {
      peer.when_head = [&pair](Peer& self) {
        Head head = pair.ok();
        (void)head.add("x-field", "value");
        self.stream->send_head(head, false);
        self.stream->send_body(as_bytes("hello"));
        self.stream->send_end();
      };
    };
    // The user of each exchange is made beforehand: only what the connections do is counted.
    class Quiet final : public MessageEvents {
     public:
      void on_informational(Head&) override {}
      void on_head(Head&, bool) override {}
      void on_body(Bytes bytes) override { stream->consumed(bytes.size()); }
      void on_trailers(Head&) override {}
      void on_end() override {}
      void on_reset(const Reset&) override {}
      void on_sent(std::size_t) override {}
      void on_closed() override { ++done; }
      MessageStream* stream = nullptr;
      int done = 0;
    } quiet;
    const auto exchange = [&] {
      quiet.stream = pair.client->open(quiet);
      quiet.stream->send_head(request_head(pair.loop, "POST"), false);
      quiet.stream->send_body(as_bytes("a small body"));
      quiet.stream->send_end();
      pair.loop.settle(3);
      pair.server_owner.requests.clear();
    };
    for (int i = 0; i < 20; ++i) exchange();
    const std::uint64_t before = pair.loop->pool().system_allocations();
    for (int i = 0; i < 200; ++i) exchange();

    CHECK(quiet.done == 220);
    CHECK(pair.loop->pool().system_allocations() == before);
  }

  TEST_CASE("an idle connection holds little memory") {
    mesh::test::TestLoop loop;
    H2Context context(loop, H2Role::server, {});
    mesh::test::MemoryStream stream(loop);
    Owner owner;
    std::optional<H2Server> first(std::in_place, context, stream, owner);  // the shared buffer
    first.reset();
    const std::size_t before = loop->pool().bytes_in_use();
    const H2Server server(context, stream, owner);

    CHECK(loop->pool().bytes_in_use() - before <= 8 * 1024);
    CHECK(sizeof(H2Server) <= 1024);
  }
}
