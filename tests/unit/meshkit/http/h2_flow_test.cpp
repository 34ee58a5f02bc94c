#include <doctest/doctest.h>

#include "tests/unit/meshkit/http/h2_pair.h"

using namespace mesh;
using namespace mesh::http;
using namespace mesh::http::test;
using namespace std::chrono_literals;

namespace {

std::string bytes_of(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>('a' + i % 23);
  return out;
}

}  // namespace

TEST_SUITE("http/h2_flow") {
  TEST_CASE("a sender is held at the window until the bytes are consumed") {
    H2Settings small;
    small.stream_window = 70'000;
    small.max_stream_window = 70'000;
    H2Pair pair(small);
    pair.server_owner.prepare = [](Peer& peer) { peer.consumes = false; };
    Peer& client = pair.post();
    const std::string body = bytes_of(200'000);
    client.stream->send_body(as_bytes(body));
    client.stream->send_end();
    pair.settle();
    Peer& server = pair.server_owner.requests.at(0);
    CHECK(server.body.size() == 70'000);
    CHECK(client.sent == 70'000);
    CHECK(pair.server->session().unconsumed() == 70'000);
    CHECK(pair.client_context.counters().stream_window_waits == 1);

    server.consumes = true;
    server.stream->consumed(70'000);
    pair.settle();

    CHECK(server.body == body);
    CHECK(client.sent == body.size());
    CHECK(server.log == "head body end");
  }

  TEST_CASE("slow exchanges leave the connection's window to the others") {
    H2Pair pair;
    pair.server_owner.prepare = [](Peer& peer) { peer.consumes = false; };
    const std::string body = bytes_of(256 * 1024);
    for (int i = 0; i < 12; ++i) {
      Peer& slow = pair.post("/slow");
      slow.stream->send_body(as_bytes(body));
    }
    pair.settle();
    pair.server_owner.prepare.reset();
    Peer& quick = pair.post("/quick");
    quick.stream->send_body(as_bytes(body));
    quick.stream->send_end();
    pair.settle();

    CHECK(pair.server_owner.requests.back().body.size() == body.size());
    CHECK(pair.server_context.counters().windows_grown > 0);
  }

  TEST_CASE("windows do not grow beyond the budget") {
    mesh::test::TestLoop loop;
    H2Context server_context(loop, H2Role::server, {}, 1024 * 1024);
    H2Context client_context(loop, H2Role::client, {});
    mesh::test::MemoryStreamPair pipe(loop);
    std::deque<Peer> peers(20);
    Owner server_owner;
    Owner client_owner;
    server_owner.prepare = [](Peer& peer) { peer.consumes = false; };
    H2Server server(server_context, pipe.server, server_owner);
    H2Client client(client_context, pipe.client, client_owner);
    server.start();
    client.start();
    loop.settle();
    const std::string body = bytes_of(256 * 1024);
    for (Peer& peer : peers) {
      peer.stream = client.open(peer);
      peer.stream->send_head(request_head(loop, "POST"), false);
      peer.stream->send_body(as_bytes(body));
    }
    loop.settle();

    CHECK(server.session().unconsumed() == 2 * 1024 * 1024);
    CHECK(server_context.counters().windows_grown == 1);
    CHECK(server_context.counters().window_growth_refused > 0);
  }

  TEST_CASE("streams that send much take turns") {
    H2Pair pair;
    pair.pipe.client.set_capacity(0);
    pair.server_owner.prepare = [](Peer& peer) { peer.consumes = false; };
    const std::string body = bytes_of(200 * 1024);
    Peer& first = pair.post();
    Peer& second = pair.post();
    first.stream->send_body(as_bytes(std::string_view(body).substr(0, 100)));
    pair.settle();
    pair.pipe.server.pause();
    first.stream->send_body(as_bytes(body));  // takes the transport to its limit
    second.stream->send_body(as_bytes(body));
    first.stream->send_body(as_bytes(std::string_view(body).substr(0, 50'000)));
    second.stream->send_body(as_bytes(std::string_view(body).substr(0, 50'000)));
    pair.settle();
    CHECK(first.sent + second.sent < 2 * body.size());
    CHECK(second.sent >= H2Stream::kShare);
    CHECK(first.sent >= H2Stream::kShare);
    pair.pipe.server.resume();
    pair.settle();

    CHECK(first.sent + second.sent > 2 * body.size());
  }

  TEST_CASE("a congested transport takes no more bodies until it has drained") {
    H2Settings wide;
    wide.stream_window = 4 * 1024 * 1024;
    wide.connection_window = 16 * 1024 * 1024;
    H2Pair pair(wide);
    pair.pipe.server.pause();
    Peer& client = pair.post();
    const std::string body = bytes_of(2 * 1024 * 1024);
    client.stream->send_body(as_bytes(body));
    client.stream->send_end();
    pair.settle();
    CHECK(pair.pipe.client.queued() < net::Stream::kHighWater + 64 * 1024);
    CHECK(client.sent < body.size());
    pair.pipe.server.resume();
    pair.settle();

    CHECK(pair.server_owner.requests.at(0).body == body);
  }

  TEST_CASE("exchanges that the peer does not read are found and reset") {
    mesh::test::TestLoop loop;
    ManualClock clock;
    H2Context server_context(loop, clock, H2Role::server, {});
    H2Settings tiny;
    tiny.stream_window = 100;
    tiny.max_stream_window = 100;
    H2Context client_context(loop, H2Role::client, tiny);
    mesh::test::MemoryStreamPair pipe(loop);
    Owner server_owner;
    Owner client_owner;
    H2Server server(server_context, pipe.server, server_owner);
    H2Client client(client_context, pipe.client, client_owner);
    server.start();
    client.start();
    Peer peer;
    peer.consumes = false;
    peer.stream = client.open(peer);
    peer.stream->send_head(request_head(loop), true);
    loop.settle();
    Peer& stuck = server_owner.requests.at(0);
    stuck.stream->send_head(response_head(loop), false);
    stuck.stream->send_body(as_bytes(bytes_of(1000)));
    loop.settle();
    CHECK(server.session().reset_stalled(10s) == 0);
    clock.advance(11s);
    CHECK(server.session().reset_stalled(10s) == 1);
    loop.settle();

    CHECK(stuck.log == "head. reset closed");
    CHECK(stuck.reset->error.code == Errc::timed_out);
    CHECK(peer.body.size() == 100);
    CHECK(peer.reset->code == H2Code::cancel);
  }
}
