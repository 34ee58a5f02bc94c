// CONNECT and upgrades: both ends of HTTP/1 when a connection stops being HTTP.

#include <doctest/doctest.h>

#include <string>

#include "tests/unit/meshkit/http/h1_client_fixture.h"
#include "tests/unit/meshkit/http/h1_server_fixture.h"

namespace mesh::http {
namespace {

using h1test::ClientFixture;
using h1test::ServerFixture;

}  // namespace

TEST_SUITE("http/h1, tunnels of a server") {
  TEST_CASE("a granted CONNECT is a tunnel whose ends close one by one") {
    ServerFixture test;

    test.say("CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\nearly");
    CHECK(test.user().log == "CONNECT h:1 host=h:1");
    test.user().stream->send_head(
        test.head(200, {{"content-length", "5"}, {"transfer-encoding", "chunked"}}), false);
    test.loop.settle();
    CHECK(test.heard() == "HTTP/1.1 200 OK\r\n\r\n");
    test.say("GET / HTTP/1.1\r\n\r\n");
    CHECK(test.user().log == "CONNECT h:1 host=h:1; body: earlyGET / HTTP/1.1\r\n\r\n");
    test.pipe.client.end();
    test.loop.settle();
    CHECK(test.user().log.ends_with("; end"));
    test.user().stream->send_body(as_bytes("still here"));
    test.loop.settle();
    CHECK(test.heard() == "still here");
    test.user().stream->send_end();
    test.loop.settle();

    CHECK(test.user().log.ends_with("; end; closed"));
    CHECK(test.acceptor.closed->code == Errc::closed);
  }

  TEST_CASE("a granted upgrade keeps its fields; the server may end first") {
    ServerFixture test;

    test.say("GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    CHECK(test.user().log == "GET / connection=Upgrade upgrade=websocket");
    test.user().stream->send_head(
        test.head(101, {{"upgrade", "websocket"}, {"connection", "upgrade"}}), false);
    test.user().stream->send_body(as_bytes("bye"));
    test.user().stream->send_end();
    test.loop.settle();
    CHECK(
        test.heard() ==
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nbye");
    CHECK(test.client.ended);
    test.say("last words");
    test.pipe.client.end();
    test.loop.settle();

    CHECK(test.user().log.ends_with("; body: last words; end; closed"));
    CHECK(test.acceptor.closed->code == Errc::closed);
  }

  TEST_CASE("a refused tunnel ends the request, and the connection goes on") {
    ServerFixture test;

    test.say("CONNECT h:1 HTTP/1.1\r\n\r\n");
    test.answer(test.user(), 407, {{"content-length", "2"}}, "no");
    test.loop.settle();
    CHECK(test.user().log == "CONNECT h:1; end; closed");
    test.say("GET / HTTP/1.1\r\n\r\n");

    CHECK(test.user(1).log == "GET /.");
  }

  TEST_CASE("bytes sent before a tunnel was refused are not taken for a request") {
    ServerFixture test;

    test.say("CONNECT h:1 HTTP/1.1\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n");
    test.answer(test.user(), 407);
    test.loop.settle();

    CHECK(test.acceptor.users.size() == 1);
    CHECK(test.heard().find("connection: close\r\n") != std::string::npos);
    CHECK(test.client.ended);
  }

  TEST_CASE("101 to a request that did not ask is 502") {
    ServerFixture test;

    test.say("GET / HTTP/1.1\r\n\r\n");
    test.user().stream->send_head(test.head(101, {{"upgrade", "x"}}), false);
    test.loop.settle();

    CHECK(test.heard().starts_with("HTTP/1.1 502 "));
  }
}

TEST_SUITE("http/h1, tunnels of a client") {
  TEST_CASE("a granted upgrade is a tunnel whose ends close one by one") {
    ClientFixture test;

    test.open(test.user);
    test.user.stream->send_head(
        test.request("GET", "/", {{"connection", "upgrade"}, {"upgrade", "websocket"}}), false);
    test.loop.settle();
    CHECK(test.heard() == "GET / HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n");
    test.say("HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nHTTP/1.1 raw");
    CHECK(test.user.log == "101 connection=upgrade upgrade=websocket; body: HTTP/1.1 raw");
    test.user.stream->send_body(as_bytes("hi"));
    test.user.stream->send_end();
    test.loop.settle();
    CHECK(test.heard() == "hi");
    CHECK(test.server.ended);
    test.say("still");
    test.pipe.server.end();
    test.loop.settle();

    CHECK(test.user.log.ends_with("HTTP/1.1 rawstill; end; closed"));
    CHECK(test.pool.log == "closed closed");
  }

  TEST_CASE("a refused CONNECT leaves the connection as it was") {
    ClientFixture test;

    Head head(test.loop->pool());
    (void)head.set_method("CONNECT");
    (void)head.set_authority("h:1");
    test.open(test.user);
    test.user.stream->send_head(head, false);
    test.loop.settle();
    CHECK(test.heard() == "CONNECT h:1 HTTP/1.1\r\nhost: h:1\r\n\r\n");
    test.say("HTTP/1.1 403 No\r\ncontent-length: 2\r\n\r\nno");
    CHECK(test.user.log == "403 content-length=2; body: no; end");
    test.user.stream->send_end();
    test.loop.settle();

    CHECK(test.user.log.ends_with("end; closed"));
    CHECK(test.pool.log == "available");
  }

  TEST_CASE("a granted CONNECT passes the server's end and goes on sending") {
    ClientFixture test;

    Head head(test.loop->pool());
    (void)head.set_method("CONNECT");
    (void)head.set_authority("h:1");
    test.open(test.user);
    test.user.stream->send_head(head, false);
    test.loop.settle();
    test.heard();
    test.say("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nraw");
    test.pipe.server.end();
    test.loop.settle();
    CHECK(test.user.log == "200; body: raw; end");
    test.user.stream->send_body(as_bytes("more"));
    test.user.stream->send_end();
    test.loop.settle();

    CHECK(test.heard() == "more");
    CHECK(test.user.log.ends_with("end; closed"));
    CHECK(test.pool.log == "closed closed");
  }

  TEST_CASE("nothing may be sent into a tunnel before it is granted") {
    ClientFixture test;

    test.open(test.user);
    test.user.stream->send_head(
        test.request("GET", "/", {{"connection", "upgrade"}, {"upgrade", "x"}}), false);
    test.user.stream->send_body(as_bytes("GET /smuggled HTTP/1.1\r\n\r\n"));
    test.loop.settle();

    CHECK(test.user.log == "reset invalid; closed");
    CHECK(test.heard().find("smuggled") == std::string::npos);
  }
}

}  // namespace mesh::http
