// How exchanges and connections of H1Client end: faults, deaths, resets, draining.

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

TEST_SUITE("http/h1_client, ends") {
  TEST_CASE("an answer that could be read in two ways resets the exchange and the connection") {
    for (const char* fields :
         {"content-length: 2\r\ncontent-length: 3\r\n", "content-length: 2, 2\r\n",
          "content-length: 2\r\ntransfer-encoding: chunked\r\n", "transfer-encoding: gzip\r\n",
          "a: b\nc: d\r\n", "a : b\r\n"}) {
      ClientFixture test;
      test.get(test.user);
      test.say(std::string("HTTP/1.1 200 OK\r\n") + fields + "\r\nok");

      CHECK(test.user.log == "reset protocol; closed");
      CHECK_FALSE(test.user.reset->from_peer);
      CHECK_FALSE(test.user.reset->unprocessed);
      CHECK_FALSE(test.user.reset->stale);
      CHECK(test.pool.log == "closed protocol");
      CHECK(test.server.closed->code == Errc::reset);
    }
  }

  TEST_CASE("101 to a request that did not ask is refused") {
    ClientFixture test;

    test.get(test.user);
    test.say("HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");

    CHECK(test.user.log == "reset protocol; closed");
  }

  TEST_CASE("bytes behind an answer end the connection's use before anyone else gets it") {
    ClientFixture test;
    test.pool.when_available = [](PoolStub&) { FAIL("must not be offered"); };

    test.get(test.user);
    test.say(std::string(kOk) + "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");

    CHECK(test.user.log == "200 content-length=2; body: ok; end; closed");
    CHECK(test.pool.log == "draining; closed closed");
  }

  TEST_CASE("bytes on an idle connection, or before the request, end its use") {
    ClientFixture idle;
    idle.say("HTTP/1.1 408 Too slow\r\n\r\n");
    CHECK(idle.pool.log == "closed protocol");
    CHECK_FALSE(idle.client.is_available());

    ClientFixture opened;
    opened.open(opened.user);
    opened.say(kOk);
    CHECK(opened.user.log == "reset protocol; closed");
    CHECK(opened.user.reset->unprocessed);
  }

  TEST_CASE("a server that ends an idle connection is noticed") {
    ClientFixture test;
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
      ClientFixture test;
      test.open(test.user);
      test.pipe.server.end();
      test.loop.settle();
      CHECK(test.user.log == "reset closed; closed");
      CHECK(test.user.reset->unprocessed);
      CHECK_FALSE(test.user.reset->stale);
    }
    SUBCASE("sent on a fresh connection") {
      ClientFixture test;
      test.get(test.user);
      test.pipe.server.end();
      test.loop.settle();
      CHECK(test.user.log == "reset closed; closed");
      CHECK_FALSE(test.user.reset->unprocessed);
      CHECK_FALSE(test.user.reset->stale);
    }
    SUBCASE("sent on a connection that had answered before") {
      ClientFixture test;
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
      ClientFixture test;
      test.get(test.user);
      test.say(kOk);
      test.get(test.other);
      test.say("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok");
      test.pipe.server.end();
      test.loop.settle();
      CHECK(test.other.log == "200 content-length=5; body: ok; reset closed; closed");
      CHECK_FALSE(test.other.reset->from_peer);
      CHECK_FALSE(test.other.reset->unprocessed);
      CHECK_FALSE(test.other.reset->stale);
    }
  }

  TEST_CASE("a request that is still in our hands when the server's end arrives never leaves") {
    ClientFixture test;
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

  TEST_CASE("a server that answers early and closes stops the request without an error") {
    ClientFixture test;

    test.open(test.user);
    test.user.stream->send_head(test.request("POST", "/", {{"content-length", "4"}}), false);
    test.loop.settle();
    test.say(kOk);
    test.pipe.server.end();
    test.loop.settle();

    CHECK(test.user.log == "200 content-length=2; body: ok; end; reset closed; closed");
    CHECK(test.user.reset->code == H2Code::no_error);
    CHECK(test.user.reset->from_peer);
    CHECK(test.pool.log == "closed closed");
  }

  TEST_CASE("a request that does not keep its length is cut off") {
    for (const char* body : {"1", "123"}) {
      ClientFixture test;
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
    ClientFixture test;
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
    ClientFixture untouched;
    untouched.open(untouched.user);
    untouched.user.stream->reset(H2Code::cancel);
    untouched.loop.settle();
    CHECK(untouched.user.log.empty());
    CHECK(untouched.pool.log == "available");
    CHECK(untouched.client.is_available());

    ClientFixture test;
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
    ClientFixture test;
    test.user.when_head = [](User& told) { told.stream->reset(H2Code::cancel); };

    test.get(test.user);
    test.say(kOk);

    CHECK(test.user.log == "200 content-length=2");
    CHECK(test.pool.log == "closed canceled");
  }

  TEST_CASE("draining closes when idle, or after the exchange under way") {
    ClientFixture idle;
    idle.client.drain();
    CHECK_FALSE(idle.client.is_available());
    idle.loop.settle();
    CHECK(idle.pool.log == "closed closed");

    ClientFixture busy;
    busy.get(busy.user);
    busy.client.drain();
    busy.loop.settle();
    CHECK(busy.pool.log.empty());
    busy.say(kOk);
    CHECK(busy.user.log == "200 content-length=2; body: ok; end; closed");
    CHECK(busy.pool.log == "closed closed");
  }

  TEST_CASE("aborting tells the exchange and then nobody") {
    ClientFixture test;

    test.get(test.user);
    test.client.abort();
    CHECK(test.user.log == "reset canceled; closed");
    test.loop.settle();

    CHECK(test.pool.log.empty());
    CHECK(test.server.closed->code == Errc::reset);
  }
}

}  // namespace mesh::http
