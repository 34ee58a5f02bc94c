// How exchanges and connections of H1Server end: faults, resets, tunnels, deadlines.

#include <doctest/doctest.h>

#include <string>

#include "meshkit/http/h1_server.h"
#include "tests/unit/meshkit/http/h1_server_fixture.h"

namespace mesh::http {
namespace {

using namespace std::chrono_literals;
using h1test::ServerFixture;
using h1test::User;

constexpr const char* kBad =
    "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

}  // namespace

TEST_SUITE("http/h1_server, ends") {
  TEST_CASE("refuses a malformed request, closes, and tells nobody but the counter") {
    ServerFixture test;

    test.say(
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nGET /smuggled "
        "HTTP/1.1\r\n\r\n");

    CHECK(test.heard() == kBad);
    CHECK(test.client.ended);
    CHECK(test.acceptor.users.empty());
    CHECK(test.acceptor.malformed == std::vector<std::string>{"two_lengths"});
    test.say("GET /more HTTP/1.1\r\n\r\n");
    CHECK(test.acceptor.users.empty());
    test.pipe.client.end();
    test.loop.settle();
    CHECK(test.acceptor.closed->code == Errc::closed);
  }

  TEST_CASE("says 414, 431 and 501 where they fit") {
    H1Limits limits;
    limits.line_bytes = 50;
    limits.head_bytes = 200;
    for (const auto& [bytes, status] :
         {std::pair{"GET /" + std::string(60, 'p'), "414 URI Too Long"},
          {"GET / HTTP/1.1\r\na: " + std::string(300, 'v'), "431 Request Header Fields Too Large"},
          {std::string("GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n"),
           "501 Not Implemented"}}) {
      ServerFixture test(limits);
      test.say(bytes);
      CHECK(test.heard() == std::string("HTTP/1.1 ") + status +
                                "\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
      CHECK(test.acceptor.malformed.size() == 1);
    }
  }

  TEST_CASE("answers what came before a malformed request") {
    ServerFixture test;

    test.say("GET /1 HTTP/1.1\r\n\r\nGET /2\r\n\r\n");
    CHECK(test.acceptor.malformed.empty());
    test.answer(test.user(), 204);
    test.loop.settle();

    CHECK(test.heard() == std::string("HTTP/1.1 204 No Content\r\n\r\n") + kBad);
    CHECK(test.acceptor.malformed == std::vector<std::string>{"request_line"});
  }

  TEST_CASE("a fault in a body resets the exchange and is answered if nothing was before") {
    ServerFixture test;

    test.say("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0x5\r\n");

    CHECK(test.user().log ==
          "POST / transfer-encoding=chunked; body: hello; reset protocol; closed");
    CHECK_FALSE(test.user().reset->from_peer);
    CHECK(std::string(test.user().reset->error.what) == "chunk_size");
    CHECK(test.heard() == kBad);
    CHECK(test.acceptor.malformed == std::vector<std::string>{"chunk_size"});
  }

  TEST_CASE("a fault in a body cuts an answer that has begun") {
    ServerFixture test;

    test.say("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    test.user().stream->send_head(test.head(200), false);
    test.say("nonsense\r\n");

    CHECK(test.client.closed->code == Errc::reset);
    CHECK(test.acceptor.closed->code == Errc::protocol);
    CHECK(test.user().log.ends_with("reset protocol; closed"));
  }

  TEST_CASE("a client that leaves in the middle breaks no rule") {
    ServerFixture head;
    head.pipe.client.write(as_bytes("GET / HTT"));
    head.pipe.client.end();
    head.loop.settle();
    CHECK(head.heard() == kBad);
    CHECK(head.acceptor.malformed.empty());
    CHECK(head.acceptor.closed->code == Errc::closed);

    ServerFixture body;
    body.pipe.client.write(as_bytes("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel"));
    body.pipe.client.end();
    body.loop.settle();
    CHECK(body.user().log == "POST / content-length=5; body: hel; reset closed; closed");
    CHECK(body.acceptor.malformed.empty());

    ServerFixture gone;
    gone.say("GET / HTTP/1.1\r\n\r\n");
    gone.pipe.client.abort();
    gone.loop.settle();
    CHECK(gone.user().log == "GET /.; reset reset; closed");
    CHECK(gone.acceptor.closed->code == Errc::reset);
  }

  TEST_CASE("a reset before the end of an answer cuts the connection") {
    ServerFixture test;

    test.say("GET / HTTP/1.1\r\n\r\n");
    test.user().stream->send_head(test.head(200, {{"content-length", "10"}}), false);
    test.user().stream->send_body(as_bytes("0123"));
    test.user().stream->reset(H2Code::cancel);
    CHECK_FALSE(test.acceptor.closed);
    test.loop.settle();

    CHECK(test.client.closed->code == Errc::reset);
    CHECK(test.acceptor.closed->code == Errc::canceled);
    CHECK(test.user().log == "GET /.");
    CHECK(test.server.open_exchanges() == 0);
  }

  TEST_CASE("a reset after the answer closes in order, so that the client reads it all") {
    ServerFixture test;

    test.say("POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\nsome");
    test.answer(test.user(), 413);
    test.user().stream->reset(H2Code::no_error);
    test.loop.settle();
    test.say("more and more");

    CHECK(test.heard() == "HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n");
    CHECK(test.client.ended);
    CHECK_FALSE(test.client.closed);
    CHECK(test.user().log == "POST / content-length=1000000; body: some");
  }

  TEST_CASE("a reset from inside on_head or on_body stops the reading there") {
    for (const bool in_head : {true, false}) {
      ServerFixture test;
      test.acceptor.prepare = [in_head](User& user) {
        (in_head ? user.when_head : user.when_body) = [](User& told) {
          told.stream->reset(H2Code::cancel);
        };
      };
      test.say(
          "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n"
          "GET / HTTP/1.1\r\n\r\n");

      CHECK(test.acceptor.users.size() == 1);
      CHECK(test.user().log == (in_head ? "POST / transfer-encoding=chunked"
                                        : "POST / transfer-encoding=chunked; body: a"));
      CHECK(test.acceptor.closed->code == Errc::canceled);
    }
  }

  TEST_CASE("an answer that is not what it announced is never passed off as complete") {
    ServerFixture shorter;
    shorter.say("GET / HTTP/1.1\r\n\r\n");
    shorter.answer(shorter.user(), 200, {{"content-length", "10"}}, "0123");
    shorter.loop.settle();
    CHECK(shorter.client.closed->code == Errc::reset);
    CHECK(shorter.user().log == "GET /.; reset invalid; closed");

    ServerFixture longer;
    longer.say("GET / HTTP/1.1\r\n\r\n");
    longer.answer(longer.user(), 200, {{"content-length", "2"}}, "0123");
    longer.loop.settle();
    CHECK(longer.client.closed->code == Errc::reset);
    CHECK(longer.user().log == "GET /.; reset invalid; closed");
  }

  TEST_CASE("a head that could split the answer is replaced by 502") {
    for (const auto& [name, value] : {std::pair{"a", "b\r\nc: d"},
                                      {"a\r\nb", "c"},
                                      {"a", "b\nc"},
                                      {"a b", "c"},
                                      {"content-length", "x"},
                                      {"content-length", "5, 5"}}) {
      ServerFixture test;
      test.say("GET / HTTP/1.1\r\n\r\n");
      test.answer(test.user(), 200, {{name, value}}, "hello");
      test.loop.settle();
      CHECK(test.heard() ==
            "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
      CHECK(test.user().log == "GET /.; reset invalid; closed");
    }
  }

  TEST_CASE("aborting tells the exchange and then nobody") {
    ServerFixture test;

    test.say("GET / HTTP/1.1\r\n\r\n");
    test.server.abort();
    CHECK(test.user().log == "GET /.; reset canceled; closed");
    test.loop.settle();

    CHECK_FALSE(test.acceptor.closed);
    CHECK(test.client.closed->code == Errc::reset);
  }

  TEST_CASE("destroying breaks off what is open") {
    test::TestLoop loop;
    test::MemoryStreamPair pipe(loop);
    h1test::Acceptor acceptor;
    const H1Limits limits;
    {
      H1Server server(loop, pipe.server, acceptor, limits);
      server.start(as_bytes("GET / HTTP/1.1\r\n\r\n"));
    }
    CHECK(acceptor.users.front().log == "GET /.; reset canceled; closed");
    loop.settle();
  }

  TEST_CASE("stops reading above the window and goes on when half is consumed") {
    H1Limits limits;
    limits.window = 100'000;
    ServerFixture test(limits);
    test.acceptor.prepare = [](User& user) { user.consumes = user.logs_body = false; };

    test.say("POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + std::string(1'000'000, 'x'));
    User& user = test.user();
    CHECK(test.pipe.server.is_paused());
    CHECK(user.received > 100'000);
    CHECK(user.received < 200'000);
    const std::size_t before = user.received;
    user.stream->consumed(before - 60'000);
    test.loop.settle();
    CHECK(user.received == before);
    user.stream->consumed(20'000);
    test.loop.settle();
    CHECK(user.received > before);
    user.consumes = true;
    user.stream->consumed(user.received - before + 40'000);
    test.loop.settle();

    CHECK(user.received == 1'000'000);
    CHECK(user.log == "POST / content-length=1000000; end");
  }

  TEST_CASE("tells what was sent only when it leaves") {
    ServerFixture test;
    test.pipe.client.pause();

    test.say("GET / HTTP/1.1\r\n\r\n");
    User& user = test.user();
    user.stream->send_head(test.head(200), false);
    user.stream->send_body(as_bytes(std::string(100'000, 'x')));
    CHECK(user.sent == 0);  // never from inside a call
    test.loop.settle();
    CHECK(user.sent == 100'000);
    for (int i = 0; i < 3; ++i) user.stream->send_body(as_bytes(std::string(100'000, 'x')));
    test.loop.settle();
    CHECK(user.sent == 100'000);
    test.pipe.client.resume();
    test.loop.settle();

    CHECK(user.sent == 400'000);
  }

  TEST_CASE("a head that takes too long is answered 408") {
    H1Limits limits;
    limits.head = 20ms;
    ServerFixture test(limits);

    test.say("GET / HTTP/1.1\r\nhost:");
    CHECK(test.loop.run_until([&test] { return test.client.ended; }));

    CHECK(test.heard() ==
          "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    CHECK(test.acceptor.malformed == std::vector<std::string>{"slow_head"});
  }

  TEST_CASE("a head's deadline does not touch a request that waits for its answer") {
    H1Limits limits;
    limits.head = 20ms;
    ServerFixture test(limits);

    test.say("GET / HT");
    test.say("TP/1.1\r\n\r\n");
    CHECK_FALSE(test.loop.run_until([&test] { return test.client.ended; }, 80ms));

    test.answer(test.user(), 204);
    test.loop.settle();
    CHECK(test.heard() == "HTTP/1.1 204 No Content\r\n\r\n");
  }

  TEST_CASE("closes an idle connection, a stalled body, and one that lingers") {
    H1Limits limits;
    limits.idle = limits.body = limits.linger = 20ms;
    ServerFixture idle(limits);
    CHECK(idle.loop.run_until([&idle] { return idle.client.ended; }));
    CHECK(idle.heard().empty());
    CHECK(idle.loop.run_until([&idle] { return idle.acceptor.closed.has_value(); }));
    CHECK(idle.acceptor.closed->code == Errc::timed_out);

    ServerFixture body(limits);
    body.say("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel");
    CHECK(body.loop.run_until([&body] { return body.client.ended; }));
    CHECK(body.user().log == "POST / content-length=5; body: hel; reset timed_out; closed");
    CHECK(body.heard().starts_with("HTTP/1.1 408 "));
  }

  TEST_CASE("a slow client gets all of a last answer, however long it takes") {
    H1Limits limits;
    limits.linger = 16ms;
    ServerFixture test(limits);
    test.pipe.client.pause();

    test.say("GET / HTTP/1.0\r\n\r\n");
    test.answer(test.user(), 200, {}, std::string(200'000, 'x'));
    CHECK_FALSE(test.loop.run_until([&test] { return test.acceptor.closed.has_value(); }, 120ms));
    test.pipe.client.resume();
    CHECK(test.loop.run_until([&test] { return test.client.ended; }));
    CHECK(test.client.received.size() > 200'000);
    CHECK(test.loop.run_until([&test] { return test.acceptor.closed.has_value(); }));

    CHECK(test.acceptor.closed->code == Errc::timed_out);
    CHECK_FALSE(test.client.closed);  // not cut
  }

  TEST_CASE("a client that takes nothing of a last answer is cut in the end") {
    H1Limits limits;
    limits.linger = 1ms;
    ServerFixture test(limits);
    test.pipe.client.pause();

    test.say("GET / HTTP/1.0\r\n\r\n");
    test.answer(test.user(), 200, {}, std::string(200'000, 'x'));
    CHECK(test.loop.run_until([&test] { return test.acceptor.closed.has_value(); }));

    CHECK(std::string(test.acceptor.closed->what) == "client takes no bytes");
  }

  TEST_CASE("an idle connection owns no memory of the pool") {
    ServerFixture test;
    CHECK(test.loop->pool().bytes_in_use() == 0);

    test.say("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello");
    test.answer(test.user(), 200, {{"a", "b"}}, "hello");
    test.loop.settle();

    CHECK(test.loop->pool().bytes_in_use() == 0);
  }
}

}  // namespace mesh::http
