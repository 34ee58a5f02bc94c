#include "meshkit/http/h1_server.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/unit/meshkit/http/h1_server_fixture.h"

namespace mesh::http {
namespace {

using h1test::ServerFixture;
using h1test::User;

}  // namespace

TEST_SUITE("http/h1_server") {
  TEST_CASE("tells a request and writes its answer") {
    ServerFixture test;

    test.say("POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
    CHECK(test.user().log == "POST /a?b host=h content-length=5; body: hello; end");
    test.answer(test.user(), 201, {{"content-length", "2"}, {"x", "y"}}, "ok");
    test.loop.settle();

    CHECK(test.heard() == "HTTP/1.1 201 Created\r\ncontent-length: 2\r\nx: y\r\n\r\nok");
    CHECK(test.user().log.ends_with("; end; closed"));
    CHECK(test.user().sent == 2);
    CHECK(test.server.open_exchanges() == 0);
    CHECK_FALSE(test.client.ended);
  }

  TEST_CASE("begins with the bytes that detection read") {
    ServerFixture test({}, "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /se");

    CHECK(test.user().log == "GET / host=h.");
    test.answer(test.user(), 204);
    test.say("cond HTTP/1.1\r\n\r\n");

    CHECK(test.heard() == "HTTP/1.1 204 No Content\r\n\r\n");
    CHECK(test.user(1).log == "GET /second.");
    test.answer(test.user(1), 204);
    test.loop.settle();
  }

  TEST_CASE("answers pipelined requests one by one, in order") {
    ServerFixture test;

    test.say(
        "GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /3 "
        "HTTP/1.1\r\n\r\n");
    CHECK(test.acceptor.users.size() == 1);
    test.answer(test.user(0), 200, {{"content-length", "1"}}, "1");
    test.loop.settle();
    REQUIRE(test.acceptor.users.size() == 2);
    CHECK(test.user(1).log == "POST /2 content-length=3; body: abc; end");
    test.answer(test.user(1), 204);
    test.loop.settle();
    REQUIRE(test.acceptor.users.size() == 3);
    test.answer(test.user(2), 204);
    test.loop.settle();

    CHECK(test.heard() ==
          "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1"
          "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    CHECK(test.loop->pool().bytes_in_use() == 0);
  }

  TEST_CASE("answers from inside on_head do not nest") {
    ServerFixture test;
    test.acceptor.prepare = [&test](User& user) {
      user.when_head = [&test](User& told) { test.answer(told, 204); };
    };
    std::string many;
    for (int i = 0; i < 500; ++i) many += "GET / HTTP/1.1\r\n\r\n";

    test.say(many);

    CHECK(test.acceptor.users.size() == 500);
    CHECK(test.user(499).log == "GET /.; closed");
  }

  TEST_CASE("stops reading a client that pipelines without end, and goes on when answered") {
    ServerFixture test;
    const std::string request = "GET / HTTP/1.1\r\nx: " + std::string(1000, 'x') + "\r\n\r\n";
    std::string many;
    for (int i = 0; i < 400; ++i) many += request;

    test.say(many);
    CHECK(test.acceptor.users.size() == 1);
    CHECK(test.pipe.server.is_paused());
    CHECK(test.pipe.server.bytes_read() < 100'000);
    for (std::size_t i = 0; i < 400; ++i) {
      REQUIRE(test.acceptor.users.size() == i + 1);
      test.answer(test.user(i), 204);
      test.loop.settle();
    }

    CHECK_FALSE(test.pipe.server.is_paused());
    CHECK(test.loop->pool().bytes_in_use() == 0);
  }

  TEST_CASE("makes no further answers for a client that does not read") {
    ServerFixture test;
    test.acceptor.prepare = [&test](User& user) {
      user.when_head = [&test](User& told) {
        test.answer(told, 200, {}, std::string(100'000, 'x'));
      };
    };
    test.pipe.client.pause();
    std::string many;
    for (int i = 0; i < 50; ++i) many += "GET / HTTP/1.1\r\n\r\n";

    test.say(many);
    CHECK(test.acceptor.users.size() < 8);
    test.pipe.client.resume();
    CHECK(test.loop.run_until([&test] { return test.acceptor.users.size() == 50; }));
    test.loop.settle();

    CHECK(test.heard().size() > 50 * 100'000);
  }

  TEST_CASE("chunks an answer of unknown length, trailers included") {
    ServerFixture test;

    test.say("GET / HTTP/1.1\r\n\r\n");
    MessageStream& stream = *test.user().stream;
    stream.send_head(
        test.head(200, {{"transfer-encoding", "gzip"}, {"connection", "x"}, {"a", "b"}}), false);
    stream.send_body(as_bytes("hello"));
    stream.send_body({});
    stream.send_body(as_bytes(" world, and more"));
    stream.send_trailers(
        test.head(0, {{"grpc-status", "0"}, {"content-length", "5"}, {"x-y", "z"}}));
    test.loop.settle();

    CHECK(test.heard() ==
          "HTTP/1.1 200 OK\r\na: b\r\ntransfer-encoding: chunked\r\n\r\n"
          "5\r\nhello\r\n10\r\n world, and more\r\n0\r\ngrpc-status: 0\r\nx-y: z\r\n\r\n");
    CHECK(test.user().log == "GET /.; closed");
    CHECK(test.user().sent == 21);
  }

  TEST_CASE("says a length of zero where there is no body, and keeps one that was said") {
    ServerFixture test;

    test.say("GET / HTTP/1.1\r\n\r\n");
    test.answer(test.user(0), 200);
    test.say("GET / HTTP/1.1\r\n\r\n");
    test.answer(test.user(1), 404, {{"content-length", "0"}});
    test.loop.settle();

    CHECK(test.heard() ==
          "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 404 Not Found\r\ncontent-length: "
          "0\r\n\r\n");
  }

  TEST_CASE("gives no body to HEAD, 204 and 304, and keeps the length that HEAD and 304 say") {
    ServerFixture test;

    test.say("HEAD / HTTP/1.1\r\n\r\n");
    test.answer(test.user(0), 200, {{"content-length", "999"}}, "none of this");
    test.say("HEAD / HTTP/1.1\r\n\r\n");
    test.answer(test.user(1), 200);
    test.say("GET / HTTP/1.1\r\n\r\n");
    test.answer(test.user(2), 304, {{"content-length", "7"}});
    test.say("GET / HTTP/1.1\r\n\r\n");
    test.answer(test.user(3), 204, {{"content-length", "0"}}, "nor this");
    test.loop.settle();

    CHECK(test.heard() ==
          "HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"
          "HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    CHECK(test.user(0).sent == 12);
    CHECK(test.user(3).log == "GET /.; closed");
  }

  TEST_CASE("closes after an HTTP/1.0 request, which gets its answer until the end") {
    ServerFixture test;

    test.say("GET / HTTP/1.0\r\n\r\n");
    CHECK(test.user().version == Version::http10);
    test.answer(test.user(), 200, {}, "hello");
    test.loop.settle();

    CHECK(test.heard() == "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello");
    CHECK(test.client.ended);
    test.pipe.client.end();
    test.loop.settle();
    CHECK(test.acceptor.closed->code == Errc::closed);
  }

  TEST_CASE("keeps an HTTP/1.0 connection when asked to, and says so") {
    ServerFixture test;

    test.say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    test.answer(test.user(0), 200, {{"content-length", "2"}}, "ok");
    test.say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    Head old = test.head(200, {{"content-length", "2"}});
    old.version = Version::http10;
    test.user(1).stream->send_head(old, false);
    test.user(1).stream->send_body(as_bytes("ok"));
    test.user(1).stream->send_end();
    test.say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    test.answer(test.user(2), 200, {}, "no length: until the end");
    test.loop.settle();

    CHECK(test.heard() ==
          "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok"
          "HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok"
          "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nno length: until the end");
    CHECK(test.client.ended);
  }

  TEST_CASE("closes when the client, the answer or the owner says so") {
    for (const int who : {0, 1, 2}) {
      ServerFixture test;

      test.say(who == 0 ? "GET / HTTP/1.1\r\nConnection: close\r\n\r\n" : "GET / HTTP/1.1\r\n\r\n");
      if (who == 2) test.server.drain();
      test.answer(test.user(), 200, {{"connection", who == 1 ? "Close" : "x"}});
      test.loop.settle();

      CHECK(test.heard() == "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
      CHECK(test.client.ended);
      CHECK_FALSE(test.acceptor.closed);
      test.pipe.client.end();
      test.loop.settle();
      CHECK(test.acceptor.closed->code == Errc::closed);
    }
  }

  TEST_CASE(
      "draining closes an idle connection at once and lets a head that has begun be answered") {
    ServerFixture idle;
    idle.server.drain();
    idle.loop.settle();
    CHECK(idle.client.ended);

    ServerFixture begun;
    begun.say("GET / HT");
    begun.server.drain();
    begun.say("TP/1.1\r\n\r\n");
    begun.answer(begun.user(), 204);
    begun.loop.settle();
    CHECK(begun.heard() == "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
    CHECK(begun.client.ended);
  }

  TEST_CASE("a client that half-closes still gets all its answers") {
    ServerFixture test;

    test.pipe.client.write(as_bytes("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"));
    test.pipe.client.end();
    test.loop.settle();
    test.answer(test.user(0), 204);
    test.loop.settle();
    test.answer(test.user(1), 204);
    test.loop.settle();

    CHECK(test.heard() == "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    CHECK(test.acceptor.closed->code == Errc::closed);
    CHECK(test.acceptor.malformed.empty());
  }

  TEST_CASE("passes 100-continue and other informational answers through") {
    ServerFixture test;

    test.say("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CHECK(test.user().log == "POST / expect=100-continue content-length=2");
    test.user().stream->send_informational(
        test.head(103, {{"link", "</a>"}, {"content-length", "9"}}));
    test.user().stream->send_informational(test.head(100));
    test.loop.settle();
    CHECK(test.heard() ==
          "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
    test.say("ok");
    test.answer(test.user(), 204);
    test.loop.settle();

    CHECK(test.heard() == "HTTP/1.1 204 No Content\r\n\r\n");
    CHECK_FALSE(test.client.ended);
  }

  TEST_CASE("closes when it answers finally and the client still waits with its body") {
    ServerFixture test;

    test.say("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    test.answer(test.user(), 417);
    test.loop.settle();

    CHECK(test.heard() ==
          "HTTP/1.1 417 Expectation Failed\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    CHECK(test.client.ended);
    CHECK(test.user().log == "POST / expect=100-continue content-length=2; reset closed; closed");
    CHECK(test.user().reset->code == H2Code::no_error);
  }

  TEST_CASE("tells no informational answer to HTTP/1.0") {
    ServerFixture test;

    test.say("GET / HTTP/1.0\r\n\r\n");
    test.user().stream->send_informational(test.head(103));
    test.loop.settle();

    CHECK(test.heard().empty());
  }

  TEST_CASE("an early answer lets the request go on to its end") {
    ServerFixture test;

    test.say("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n01234");
    test.answer(test.user(), 200);
    test.loop.settle();
    CHECK(test.heard() == "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    CHECK(test.user().log == "POST / content-length=10; body: 01234");
    test.say("56789GET /next HTTP/1.1\r\n\r\n");

    CHECK(test.user().log == "POST / content-length=10; body: 0123456789; end; closed");
    CHECK(test.user(1).log == "GET /next.");
  }

  TEST_CASE("keeps the absolute form for who wants to restore it") {
    ServerFixture test;

    test.say("GET http://other:81/a HTTP/1.1\r\nHost: h\r\n\r\n");

    CHECK(test.user().absolute_form);
    CHECK(test.user().log == "GET other:81/a host=h.");
  }
}

}  // namespace mesh::http
