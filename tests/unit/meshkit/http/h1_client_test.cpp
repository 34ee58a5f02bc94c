#include "meshkit/http/h1_client.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "tests/support/memory_stream.h"
#include "tests/support/recorder.h"
#include "tests/support/test_loop.h"
#include "tests/unit/meshkit/http/h1_users.h"

namespace mesh::http {
namespace {

using h1test::PoolStub;
using h1test::User;
using Fields = std::initializer_list<std::pair<const char*, const char*>>;

struct Fixture {
  explicit Fixture(const H1Limits& its_limits = {})
      : limits(its_limits), pipe(loop), client(loop, pipe.client, pool, limits) {
    pipe.server.start(server);
    client.start();
  }

  Head request(const char* method, const char* path, Fields fields = {}) {
    Head made(loop->pool());
    (void)made.set_method(method);
    (void)made.set_path(path);
    for (const auto& [name, value] : fields) (void)made.add(name, value);
    return made;
  }
  void open(User& who) {
    who.stream = client.open(who);
    REQUIRE(who.stream != nullptr);
  }
  void get(User& who, const char* path = "/", Fields fields = {}) {
    open(who);
    who.stream->send_head(request("GET", path, fields), true);
    loop.settle();
  }
  // What the server sends, and the turns it takes to arrive.
  void say(std::string_view bytes) {
    pipe.server.write(as_bytes(bytes));
    loop.settle();
  }
  // What the server has received since it was last asked.
  std::string heard() { return std::exchange(server.received, {}); }

  test::TestLoop loop;
  H1Limits limits;
  test::MemoryStreamPair pipe;
  test::Recorder server;
  PoolStub pool;
  User user;
  User other;
  H1Client client;
};

constexpr const char* kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

}  // namespace

TEST_SUITE("http/h1_client") {
  TEST_CASE("sends a request, tells the answer, and may be used again") {
    Fixture test;
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
    Fixture test;
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
    Fixture test;

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
    Fixture test;

    test.get(test.user);
    test.say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: a\r\n\r\n");
    CHECK(test.user.log == "100; 103 link=a");
    test.say(kOk);

    CHECK(test.user.log == "100; 103 link=a; 200 content-length=2; body: ok; end; closed");
    CHECK(test.pool.log == "available");
  }

  TEST_CASE("reads chunked answers with trailers") {
    Fixture test;

    test.get(test.user);
    test.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx: y\r\n\r\n");

    CHECK(test.user.log == "200 transfer-encoding=chunked; body: abc; trailers x=y; end; closed");
    CHECK(test.client.is_available());
  }

  TEST_CASE("an answer until the end is complete at the end, which is the connection's") {
    Fixture test;

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
    Fixture test;

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
      Fixture test;
      test.get(test.user, "/", {{"connection", by_server ? "x" : "close"}});
      test.say(by_server ? "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
                         : kOk);

      CHECK(test.user.log.ends_with("; closed"));
      CHECK(test.pool.log == "draining; closed closed");
      CHECK_FALSE(test.client.is_available());
      CHECK(test.server.ended);
    }
  }

  TEST_CASE("an answer that could be read in two ways resets the exchange and the connection") {
    for (const char* fields :
         {"content-length: 2\r\ncontent-length: 3\r\n", "content-length: 2, 2\r\n",
          "content-length: 2\r\ntransfer-encoding: chunked\r\n", "transfer-encoding: gzip\r\n",
          "a: b\nc: d\r\n", "a : b\r\n"}) {
      Fixture test;
      test.get(test.user);
      test.say(std::string("HTTP/1.1 200 OK\r\n") + fields + "\r\nok");

      CHECK(test.user.log == "reset protocol; closed");
      CHECK(test.user.reset->from_peer);
      CHECK_FALSE(test.user.reset->unprocessed);
      CHECK_FALSE(test.user.reset->stale);
      CHECK(test.pool.log == "closed protocol");
      CHECK(test.server.closed->code == Errc::reset);
    }
  }

  TEST_CASE("101 to a request that did not ask is refused") {
    Fixture test;

    test.get(test.user);
    test.say("HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");

    CHECK(test.user.log == "reset protocol; closed");
  }

  TEST_CASE("bytes behind an answer end the connection's use before anyone else gets it") {
    Fixture test;
    test.pool.when_available = [](PoolStub&) { FAIL("must not be offered"); };

    test.get(test.user);
    test.say(std::string(kOk) + "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");

    CHECK(test.user.log == "200 content-length=2; body: ok; end; closed");
    CHECK(test.pool.log == "draining; closed closed");
  }

  TEST_CASE("bytes on an idle connection, or before the request, end its use") {
    Fixture idle;
    idle.say("HTTP/1.1 408 Too slow\r\n\r\n");
    CHECK(idle.pool.log == "closed protocol");
    CHECK_FALSE(idle.client.is_available());

    Fixture opened;
    opened.open(opened.user);
    opened.say(kOk);
    CHECK(opened.user.log == "reset protocol; closed");
    CHECK(opened.user.reset->unprocessed);
  }

  TEST_CASE("a server that ends an idle connection is noticed") {
    Fixture test;
    test.get(test.user);
    test.say(kOk);

    test.pipe.server.end();
    test.loop.settle();

    CHECK(test.pool.log == "available; draining; closed closed");
    CHECK_FALSE(test.client.is_available());
    CHECK(test.client.open(test.other) == nullptr);
  }

  TEST_CASE("a connection that dies under a request says what the server can have seen") {
    SUBCASE("opened, nothing sent") {
      Fixture test;
      test.open(test.user);
      test.pipe.server.end();
      test.loop.settle();
      CHECK(test.user.log == "reset closed; closed");
      CHECK(test.user.reset->unprocessed);
      CHECK_FALSE(test.user.reset->stale);
    }
    SUBCASE("sent on a fresh connection") {
      Fixture test;
      test.get(test.user);
      test.pipe.server.end();
      test.loop.settle();
      CHECK(test.user.log == "reset closed; closed");
      CHECK_FALSE(test.user.reset->unprocessed);
      CHECK_FALSE(test.user.reset->stale);
    }
    SUBCASE("sent on a connection that had answered before") {
      Fixture test;
      test.get(test.user);
      test.say(kOk);
      test.get(test.other);
      test.pipe.server.abort();
      test.loop.settle();
      CHECK(test.other.log == "reset reset; closed");
      CHECK_FALSE(test.other.reset->unprocessed);
      CHECK(test.other.reset->stale);
      CHECK(test.pool.log == "available; closed reset");
    }
    SUBCASE("in the middle of the answer") {
      Fixture test;
      test.get(test.user);
      test.say(kOk);
      test.get(test.other);
      test.say("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok");
      test.pipe.server.end();
      test.loop.settle();
      CHECK(test.other.log == "200 content-length=5; body: ok; reset closed; closed");
      CHECK(test.other.reset->from_peer);
      CHECK_FALSE(test.other.reset->unprocessed);
      CHECK_FALSE(test.other.reset->stale);
    }
  }

  TEST_CASE("a request that is still in our hands when the server's end arrives never leaves") {
    Fixture test;
    test.get(test.user);
    test.say(kOk);
    test.heard();
    test.pipe.client.set_capacity(0);  // what is written stays queued for this turn

    test.pipe.server.end();
    test.open(test.other);
    test.other.stream->send_head(test.request("POST", "/", {{"content-length", "2"}}), false);
    test.other.stream->send_body(as_bytes("ok"));
    test.pipe.server.pause();
    test.loop.settle();

    CHECK(test.other.log == "reset closed; closed");
    CHECK(test.other.reset->unprocessed);
    test.pipe.server.resume();
    test.loop.settle();
    CHECK(test.heard().empty());
  }

  TEST_CASE("an early answer lets the request go on, and then the connection") {
    Fixture test;

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

  TEST_CASE("a server that answers early and closes stops the request without an error") {
    Fixture test;

    test.open(test.user);
    test.user.stream->send_head(test.request("POST", "/", {{"content-length", "4"}}), false);
    test.loop.settle();
    test.say(kOk);
    test.pipe.server.end();
    test.loop.settle();

    CHECK(test.user.log == "200 content-length=2; body: ok; end; reset closed; closed");
    CHECK(test.user.reset->code == H2Code::no_error);
    CHECK(test.pool.log == "closed closed");
  }

  TEST_CASE("a request that does not keep its length is cut off") {
    for (const char* body : {"1", "123"}) {
      Fixture test;
      test.open(test.user);
      test.user.stream->send_head(test.request("POST", "/", {{"content-length", "2"}}), false);
      test.user.stream->send_body(as_bytes(body));
      if (test.user.stream != nullptr) test.user.stream->send_end();
      CHECK(test.user.log.empty());
      test.loop.settle();

      CHECK(test.user.log == "reset invalid; closed");
      CHECK_FALSE(test.user.reset->unprocessed);
      CHECK(test.server.closed->code == Errc::reset);
    }
  }

  TEST_CASE("a head that could split the request is not sent, and the connection stays") {
    Fixture test;
    Head bad_path = test.request("GET", "/");
    (void)bad_path.set_path("/ HTTP/1.1\r\nx: y");
    Head bad_method = test.request("GET", "/");
    (void)bad_method.set_method("GET /");
    Head bad_authority = test.request("GET", "/");
    (void)bad_authority.set_authority("a b");
    Head heads[] = {std::move(bad_path),
                    std::move(bad_method),
                    std::move(bad_authority),
                    test.request("GET", "relative"),
                    test.request("GET", ""),
                    test.request("GET", "/", {{"a", "b\r\nc: d"}}),
                    test.request("GET", "/", {{"a b", "c"}}),
                    test.request("GET", "/", {{"host", "a b"}}),
                    test.request("GET", "/", {{"host", "a"}, {"host", "b"}}),
                    test.request("CONNECT", "/"),
                    test.request("GET", "/", {{"content-length", "1"}}),
                    test.request("POST", "/", {{"content-length", "-1"}})};
    for (const Head& head : heads) {
      User user;
      test.open(user);
      user.stream->send_head(head, true);
      test.loop.settle();
      CHECK(user.log == "reset invalid; closed");
      CHECK_FALSE(user.reset->unprocessed);
    }
    CHECK(test.heard().empty());
    CHECK(test.client.is_available());
  }

  TEST_CASE("a reset cuts the connection, unless nothing had been sent") {
    Fixture untouched;
    untouched.open(untouched.user);
    untouched.user.stream->reset(H2Code::cancel);
    untouched.loop.settle();
    CHECK(untouched.user.log.empty());
    CHECK(untouched.pool.log == "available");
    CHECK(untouched.client.is_available());

    Fixture test;
    test.get(test.user);
    test.user.stream->reset(H2Code::cancel);
    CHECK(test.pool.log.empty());
    CHECK_FALSE(test.client.is_available());
    test.loop.settle();
    CHECK(test.user.log.empty());
    CHECK(test.pool.log == "closed canceled");
    CHECK(test.server.closed->code == Errc::reset);
  }

  TEST_CASE("a reset from inside on_head stops the reading there") {
    Fixture test;
    test.user.when_head = [](User& told) { told.stream->reset(H2Code::cancel); };

    test.get(test.user);
    test.say(kOk);

    CHECK(test.user.log == "200 content-length=2");
    CHECK(test.pool.log == "closed canceled");
  }

  TEST_CASE("the next exchange may be opened from inside on_available") {
    Fixture test;
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

  TEST_CASE("draining closes when idle, or after the exchange under way") {
    Fixture idle;
    idle.client.drain();
    CHECK_FALSE(idle.client.is_available());
    idle.loop.settle();
    CHECK(idle.pool.log == "closed closed");

    Fixture busy;
    busy.get(busy.user);
    busy.client.drain();
    busy.loop.settle();
    CHECK(busy.pool.log.empty());
    busy.say(kOk);
    CHECK(busy.user.log == "200 content-length=2; body: ok; end; closed");
    CHECK(busy.pool.log == "closed closed");
  }

  TEST_CASE("aborting tells the exchange and then nobody") {
    Fixture test;

    test.get(test.user);
    test.client.abort();
    CHECK(test.user.log == "reset canceled; closed");
    test.loop.settle();

    CHECK(test.pool.log.empty());
    CHECK(test.server.closed->code == Errc::reset);
  }

  TEST_CASE("stops reading above the window and goes on when half is consumed") {
    H1Limits limits;
    limits.window = 100'000;
    Fixture test(limits);
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

  TEST_CASE("a granted upgrade is a tunnel whose ends close one by one") {
    Fixture test;

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
    Fixture test;

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
    Fixture test;

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
    Fixture test;

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
