#include <doctest/doctest.h>

#include <string>

#include "meshkit/http/h1_client.h"
#include "tests/unit/meshkit/http/h1_client_fixture.h"

namespace mesh::http {
namespace {

using h1test::ClientFixture;
using h1test::kOk;
using h1test::PoolStub;
using h1test::User;

}  // namespace

TEST_SUITE("http/h1_client") {
  TEST_CASE("sends a request, tells the answer, and may be used again") {
    ClientFixture test;
    CHECK(test.client.is_available());

    test.open(test.user);
    CHECK_FALSE(test.client.is_available());
    CHECK(test.client.open(test.other) == nullptr);
    test.user.stream->send_head(
        test.request("POST", "/a?b", {{"host", "h"}, {"content-length", "5"}, {"connection", "x"}}),
        false);
    test.user.stream->send_body(as_bytes("hello"));
    test.user.stream->send_end();
    test.loop.settle();
    CHECK(test.heard() == "POST /a?b HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nhello");
    CHECK(test.user.sent == 5);
    test.say(kOk);

    CHECK(test.user.log == "200 content-length=2; body: ok; end; closed");
    CHECK(test.pool.log == "available");
    CHECK(test.client.open_exchanges() == 0);
    CHECK(test.loop->pool().bytes_in_use() == 0);
    test.get(test.other, "/again");
    CHECK(test.heard() == "GET /again HTTP/1.1\r\n\r\n");
    test.say("HTTP/1.1 204 No\r\n\r\n");
    CHECK(test.other.log == "204.; closed");
  }

  TEST_CASE("writes targets in the form that the head asks for") {
    ClientFixture test;
    const auto sent = [&test](Head head, const char* answer) {
      test.user = User();
      test.open(test.user);
      test.user.stream->send_head(head, true);
      test.loop.settle();
      test.say(answer);
      return test.heard();
    };
    Head absolute = test.request("GET", "/p?q", {{"host", "h"}});
    absolute.absolute_form = true;
    (void)absolute.set_scheme("http");
    (void)absolute.set_authority("a:81");
    CHECK(sent(absolute.copy(), kOk) == "GET http://a:81/p?q HTTP/1.1\r\nhost: h\r\n\r\n");
    (void)absolute.set_method("OPTIONS");
    (void)absolute.set_path("*");
    CHECK(sent(absolute.copy(), kOk) == "OPTIONS http://a:81 HTTP/1.1\r\nhost: h\r\n\r\n");
    CHECK(sent(test.request("OPTIONS", "*"), kOk) == "OPTIONS * HTTP/1.1\r\n\r\n");

    Head http2 = test.request("POST", "/p", {{"te", "trailers"}});
    http2.version = Version::http2;
    (void)http2.set_authority("b");
    CHECK(sent(http2.copy(), kOk) ==
          "POST /p HTTP/1.1\r\nhost: b\r\nte: trailers\r\ncontent-length: 0\r\nconnection: "
          "te\r\n\r\n");
    Head old = test.request("GET", "/", {{"connection", "keep-alive"}});
    old.version = Version::http10;
    CHECK(sent(old.copy(), kOk) == "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
  }

  TEST_CASE(
      "chunks a body of unknown length, trailers included, and adds nothing to bodiless requests") {
    ClientFixture test;

    test.open(test.user);
    test.user.stream->send_head(test.request("PUT", "/", {{"transfer-encoding", "chunked"}}),
                                false);
    test.user.stream->send_body(as_bytes("hello"));
    test.user.stream->send_trailers(test.request("", "", {{"x-sum", "1"}, {"host", "evil"}}));
    test.loop.settle();
    CHECK(
        test.heard() ==
        "PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n");
    test.say(kOk);

    test.open(test.other);
    test.other.stream->send_head(test.request("POST", "/", {{"content-length", "0"}}), true);
    test.loop.settle();
    CHECK(test.heard() == "POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n");
  }

  TEST_CASE("tells informational answers before the final one") {
    ClientFixture test;

    test.get(test.user);
    test.say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: a\r\n\r\n");
    CHECK(test.user.log == "100; 103 link=a");
    test.say(kOk);

    CHECK(test.user.log == "100; 103 link=a; 200 content-length=2; body: ok; end; closed");
    CHECK(test.pool.log == "available");
  }

  TEST_CASE("reads chunked answers with trailers") {
    ClientFixture test;

    test.get(test.user);
    test.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx: y\r\n\r\n");

    CHECK(test.user.log == "200 transfer-encoding=chunked; body: abc; trailers x=y; end; closed");
    CHECK(test.client.is_available());
  }

  TEST_CASE("an answer until the end is complete at the end, which is the connection's") {
    ClientFixture test;

    test.get(test.user);
    test.say("HTTP/1.0 200 OK\r\n\r\nall of it");
    CHECK(test.user.log == "200; body: all of it");
    test.pipe.server.end();
    test.loop.settle();

    CHECK(test.user.log == "200; body: all of it; end; closed");
    CHECK(test.pool.log == "draining; closed closed");
    CHECK_FALSE(test.client.is_available());
  }

  TEST_CASE("expects no body after HEAD, 204 and 304") {
    ClientFixture test;

    test.open(test.user);
    test.user.stream->send_head(test.request("HEAD", "/"), true);
    test.say("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n");
    CHECK(test.user.log == "200 content-length=500.; closed");
    test.get(test.other);
    test.say("HTTP/1.1 304 Not\r\ncontent-length: 500\r\n\r\n");

    CHECK(test.other.log == "304 content-length=500.; closed");
    CHECK(test.client.is_available());
  }

  TEST_CASE("is not used again when either end says close") {
    for (const bool by_server : {true, false}) {
      ClientFixture test;
      test.get(test.user, "/", {{"connection", by_server ? "x" : "close"}});
      test.say(by_server ? "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
                         : kOk);

      CHECK(test.user.log.ends_with("; closed"));
      CHECK(test.pool.log == "draining; closed closed");
      CHECK_FALSE(test.client.is_available());
      CHECK(test.server.ended);
    }
  }

  TEST_CASE("an early answer lets the request go on, and then the connection") {
    ClientFixture test;

    test.open(test.user);
    test.user.stream->send_head(test.request("POST", "/", {{"content-length", "4"}}), false);
    test.loop.settle();
    test.say(kOk);
    CHECK(test.user.log == "200 content-length=2; body: ok; end");
    CHECK_FALSE(test.client.is_available());
    test.user.stream->send_body(as_bytes("body"));
    test.user.stream->send_end();
    CHECK(test.user.log.ends_with("end"));  // never from inside a call
    test.loop.settle();

    CHECK(test.user.log.ends_with("end; closed"));
    CHECK(test.pool.log == "available");
  }

  TEST_CASE("the next exchange may be opened from inside on_available") {
    ClientFixture test;
    test.pool.when_available = [&test](PoolStub&) {
      if (test.other.stream != nullptr || !test.other.log.empty()) return;
      test.open(test.other);
      test.other.stream->send_head(test.request("GET", "/2"), true);
    };

    test.get(test.user, "/1");
    test.say(kOk);
    CHECK(test.heard() == "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n");
    test.say(kOk);

    CHECK(test.other.log == "200 content-length=2; body: ok; end; closed");
  }

  TEST_CASE("stops reading above the window and goes on when half is consumed") {
    H1Limits limits;
    limits.window = 100'000;
    ClientFixture test(limits);
    test.user.consumes = test.user.logs_body = false;

    test.get(test.user);
    test.say("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n" + std::string(1'000'000, 'x'));
    CHECK(test.pipe.client.is_paused());
    CHECK(test.user.received < 200'000);
    test.user.consumes = true;
    test.user.stream->consumed(test.user.received);
    test.loop.settle();

    CHECK(test.user.received == 1'000'000);
    CHECK(test.user.log.ends_with("; end; closed"));
  }
}

}  // namespace mesh::http
