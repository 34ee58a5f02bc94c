#include <doctest/doctest.h>

#include "tests/unit/meshkit/http/h2_pair.h"

using namespace mesh;
using namespace mesh::http;
using namespace mesh::http::test;

TEST_SUITE("http/h2_exchange") {
  TEST_CASE("a request without body and its answer arrive whole") {
    H2Pair pair;
    Head request = request_head(pair.loop, "GET", "/things?n=1");
    (void)request.add("x-one", "1");
    (void)request.add("x-one", "2");

    Peer& client = pair.send(request);
    pair.settle();
    REQUIRE(pair.server_owner.requests.size() == 1);
    Peer& server = pair.server_owner.requests[0];
    server.stream->send_head(pair.ok(), true);
    pair.settle();

    CHECK(server.log == "head. closed");
    CHECK(server.head->method() == "GET");
    CHECK(server.head->path() == "/things?n=1");
    CHECK(server.head->authority() == "web.test:8080");
    CHECK(server.head->scheme() == "http");
    CHECK(server.head->size() == 2);
    CHECK((*server.head)[1].value == "2");
    CHECK(client.log == "head. closed");
    CHECK(client.head->status == 200);
    CHECK(pair.client->open_exchanges() == 0);
    CHECK(pair.server->open_exchanges() == 0);
  }

  TEST_CASE("bodies, trailers and an interim response keep their order") {
    H2Pair pair;
    Peer& client = pair.post();
    client.stream->send_body(as_bytes("ping"));
    Head request_trailers(pair.loop->pool());
    (void)request_trailers.add("x-sum", "4");
    client.stream->send_trailers(request_trailers);
    pair.settle();
    Peer& server = pair.server_owner.requests.at(0);
    server.stream->send_informational(response_head(pair.loop, 103));
    server.stream->send_head(pair.ok(), false);
    server.stream->send_body(as_bytes("pong"));
    Head trailers(pair.loop->pool());
    (void)trailers.add(Token::kGrpcStatus, "0");
    server.stream->send_trailers(trailers);
    pair.settle();

    CHECK(server.log == "head body trailers end closed");
    CHECK(server.body == "ping");
    CHECK(server.trailers->find("x-sum") == "4");
    CHECK(client.log == "info head body trailers end closed");
    CHECK(client.informational_status == 103);
    CHECK(client.body == "pong");
    CHECK(client.trailers->find(Token::kGrpcStatus) == "0");
    CHECK(client.sent == 4);
    CHECK(server.sent == 4);
  }

  TEST_CASE("trailers may follow the head at once, and an empty body may end by itself") {
    H2Pair pair;
    Peer& first = pair.post();
    Peer& second = pair.post();
    first.stream->send_end();
    second.stream->send_end();
    pair.settle();
    Head trailers(pair.loop->pool());
    (void)trailers.add(Token::kGrpcStatus, "5");
    pair.server_owner.requests.at(0).stream->send_head(pair.ok(), false);
    pair.server_owner.requests.at(0).stream->send_trailers(trailers);
    pair.server_owner.requests.at(1).stream->send_head(pair.ok(), false);
    pair.server_owner.requests.at(1).stream->send_end();
    pair.settle();

    CHECK(pair.server_owner.requests.at(0).log == "head end closed");
    CHECK(first.log == "head trailers end closed");
    CHECK(second.log == "head end closed");
  }

  TEST_CASE("a response that ends before its request lets the client go on sending") {
    H2Pair pair;
    Peer& client = pair.post();
    pair.settle();
    Peer& server = pair.server_owner.requests.at(0);
    server.stream->send_head(pair.ok(), true);
    pair.settle();
    CHECK(client.log == "head.");
    CHECK(server.log == "head");

    client.stream->send_body(as_bytes("late"));
    client.stream->send_end();
    pair.settle();

    CHECK(client.log == "head. closed");
    CHECK(server.log == "head body end closed");
  }

  TEST_CASE("NO_ERROR after a complete response stops the request and loses nothing") {
    H2Pair pair;
    Peer& client = pair.post();
    pair.settle();
    Peer& server = pair.server_owner.requests.at(0);
    const std::string large(700'000, 'x');  // more than the windows allow at once
    server.stream->send_head(pair.ok(), false);
    server.stream->send_body(as_bytes(large));
    server.stream->send_end();
    server.stream->reset(H2Code::no_error);
    CHECK(pair.server->open_exchanges() == 0);
    pair.settle();

    CHECK(client.body.size() == large.size());
    CHECK(client.log == "head body end reset closed");
    CHECK(client.reset->code == H2Code::no_error);
    CHECK(client.reset->from_peer);
    CHECK(pair.client->open_exchanges() == 0);
  }

  TEST_CASE("a reset carries its code exactly, in both directions") {
    for (const H2Code code : {H2Code::cancel, H2Code::internal_error, H2Code::refused_stream,
                              H2Code::no_error, H2Code::http11_required}) {
      H2Pair pair;
      Peer& one = pair.post();
      Peer& two = pair.post();
      pair.settle();
      pair.server_owner.requests.at(0).stream->reset(code);
      two.stream->reset(code);
      pair.settle();

      CHECK(one.log == "reset closed");
      CHECK(one.reset->code == code);
      CHECK(one.reset->from_peer);
      CHECK(one.reset->unprocessed == (code == H2Code::refused_stream));
      CHECK(pair.server_owner.requests.at(1).log == "head reset closed");
      CHECK(pair.server_owner.requests.at(1).reset->code == code);
      CHECK(two.log.empty());
      CHECK(pair.client->open_exchanges() == 0);
      CHECK(pair.server->open_exchanges() == 0);
    }
  }

  TEST_CASE("HEAD, 204 and 304 may announce a length that does not come") {
    H2Pair pair;
    Peer& head = pair.send(request_head(pair.loop, "HEAD"));
    Peer& not_modified = pair.get();
    pair.settle();
    Head response = pair.ok();
    (void)response.add(Token::kContentLength, "1000");
    pair.server_owner.requests.at(0).stream->send_head(response, true);
    response.status = 304;
    pair.server_owner.requests.at(1).stream->send_head(response, true);
    pair.settle();

    CHECK(head.log == "head. closed");
    CHECK(head.head->find(Token::kContentLength) == "1000");
    CHECK(not_modified.log == "head. closed");
  }

  TEST_CASE("a response whose length does not match is broken off") {
    H2Pair pair;
    Peer& client = pair.get();
    pair.settle();
    Head response = pair.ok();
    (void)response.add(Token::kContentLength, "10");
    MessageStream* server = pair.server_owner.requests.at(0).stream;
    server->send_head(response, false);
    server->send_body(as_bytes("short"));
    server->send_end();
    pair.settle();

    CHECK(client.log == "head body reset closed");
    CHECK(client.reset->error.code == Errc::protocol);
    CHECK(std::string(client.reset->error.what) == "length_mismatch");
    CHECK_FALSE(client.reset->from_peer);
  }

  TEST_CASE("CONNECT opens a tunnel that each end closes for itself") {
    H2Pair pair;
    Head request(pair.loop->pool());
    (void)request.set_method("CONNECT");
    (void)request.set_authority("db.test:5432");
    Peer& client = pair.send(request, false);
    pair.settle();
    Peer& server = pair.server_owner.requests.at(0);
    CHECK(server.head->authority() == "db.test:5432");
    CHECK(server.head->path().empty());
    server.stream->send_head(pair.ok(), false);
    server.stream->send_body(as_bytes("greeting"));
    server.stream->send_end();
    pair.settle();
    client.stream->send_body(as_bytes("query"));
    client.stream->send_end();
    pair.settle();

    CHECK(client.log == "head body end closed");
    CHECK(server.body == "query");
    CHECK(server.log == "head body end closed");
  }

  TEST_CASE("extended CONNECT needs the server's consent") {
    H2Settings with;
    with.extended_connect = true;
    H2Pair consents(with);
    H2Pair refuses;
    CHECK(consents.client->allows_extended_connect());
    CHECK_FALSE(refuses.client->allows_extended_connect());

    Head request = request_head(consents.loop, "CONNECT", "/chat");
    (void)request.set_protocol("websocket");
    (void)consents.send(request, false);
    consents.settle();

    CHECK(consents.server_owner.requests.at(0).head->protocol() == "websocket");
    CHECK(consents.server_owner.requests.at(0).head->path() == "/chat");
  }

  TEST_CASE("fields that HTTP/2 must not carry are left out, te trailers kept") {
    H2Pair pair;
    Head request(pair.loop->pool());
    request.version = Version::http11;
    (void)request.set_method("GET");
    (void)request.set_path("/");
    (void)request.add("Host", "Web.test");
    (void)request.add("Connection", "keep-alive");
    (void)request.add("Keep-Alive", "timeout=5");
    (void)request.add("Transfer-Encoding", "chunked");
    (void)request.add("TE", "trailers");
    (void)request.add("Accept", "*/*");
    (void)pair.send(request);
    pair.settle();

    const Head& got = *pair.server_owner.requests.at(0).head;
    CHECK(got.authority() == "Web.test");
    CHECK(got.scheme() == "http");
    CHECK(got.size() == 2);
    CHECK(got.find(Token::kTe) == "trailers");
    CHECK(got.find(Token::kAccept) == "*/*");
    CHECK(pair.server_owner.malformed.empty());
  }

  TEST_CASE("a field that must not be indexed stays so") {
    H2Pair pair;
    Head request = request_head(pair.loop);
    (void)request.add("authorization", "secret");
    request.mark_never_indexed();
    (void)request.add("x-other", "open");
    (void)pair.send(request);
    pair.settle();

    const Head& got = *pair.server_owner.requests.at(0).head;
    CHECK(got[0].never_indexed);
    CHECK_FALSE(got[1].never_indexed);
  }

  TEST_CASE("a user may answer, reset and finish from inside its events") {
    H2Pair pair;
    pair.server_owner.prepare = [&pair](Peer& peer) {
      peer.when_head = [&pair](Peer& self) {
        if (self.head->path() == "/reset") {
          self.stream->reset(H2Code::cancel);
          self.stream = nullptr;
        } else {
          self.stream->send_head(pair.ok(), false);
          self.stream->send_body(as_bytes("inside"));
          self.stream->send_end();
        }
      };
    };
    Peer& answered = pair.get("/answer");
    Peer& reset = pair.post("/reset");
    pair.settle();

    CHECK(answered.log == "head body end closed");
    CHECK(answered.body == "inside");
    CHECK(reset.log == "reset closed");
  }

  TEST_CASE("an echo of much data over small pieces comes back whole") {
    H2Pair pair;
    pair.pipe.server.set_largest_read(777);
    pair.server_owner.prepare = [&pair](Peer& peer) {
      peer.echoes = true;
      peer.when_head = [&pair](Peer& self) { self.stream->send_head(pair.ok(), false); };
    };
    std::string sent;
    for (int i = 0; i < 100'000; ++i) sent += std::to_string(i);
    Peer& client = pair.post();
    client.stream->send_body(as_bytes(sent));
    client.stream->send_end();
    pair.loop.run_until([&] { return client.stream == nullptr; });

    CHECK(client.log == "head body end closed");
    CHECK(client.body == sent);
    CHECK(client.sent == sent.size());
  }
}
