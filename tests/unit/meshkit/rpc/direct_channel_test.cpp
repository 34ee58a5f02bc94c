#include "meshkit/rpc/direct_channel.h"

#include <doctest/doctest.h>

#include "tests/unit/meshkit/rpc/rpc_pair.h"

using namespace mesh;
using namespace mesh::rpc;
using namespace mesh::rpc::test;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  explicit Fixture(ChannelOptions options = {})
      : far(loop), context(loop, http::H2Role::client, {}) {
    options.authority = "dst.test:8086";
    channel.emplace(context, std::make_unique<MemoryDialer>(loop, far), options);
  }
  Peer& request(std::size_t index = 0, std::size_t side = 0) {
    return far.sides.at(side)->owner.requests.at(index);
  }
  void answer_head(Peer& peer) {
    http::Head head = http::test::response_head(loop);
    (void)head.add(http::Token::kContentType, "application/grpc");
    peer.stream->send_head(head, false);
  }
  void answer_status(Peer& peer, std::string_view code, std::string_view message = "") {
    http::Head trailers(loop->pool());
    (void)trailers.add(http::Token::kGrpcStatus, code);
    if (!message.empty()) (void)trailers.add(http::Token::kGrpcMessage, message);
    peer.stream->send_trailers(trailers);
  }

  mesh::test::TestLoop loop;
  Far far;
  http::H2Context context;
  std::optional<DirectChannel> channel;
};

}  // namespace

TEST_SUITE("rpc/direct_channel") {
  TEST_CASE("a call sends one framed message and hears messages and status") {
    Fixture f;
    Caller caller(*f.channel, "hello", {5s, 1024});
    f.loop.settle();
    Peer& server = f.request();
    f.answer_head(server);
    server.stream->send_body(as_bytes(framed("one") + framed("two")));
    f.answer_status(server, "0");
    f.loop.settle();

    CHECK(server.body == framed("hello"));
    CHECK(server.log == "head body end closed");
    CHECK(server.head->method() == "POST");
    CHECK(server.head->path() == "/test.Echo/Say");
    CHECK(server.head->authority() == "dst.test:8086");
    CHECK(server.head->find(http::Token::kTe) == "trailers");
    CHECK(server.head->find(http::Token::kContentType) == "application/grpc");
    CHECK(http::parse_grpc_timeout(*server.head->find(http::Token::kGrpcTimeout)) <= 5s);
    CHECK(caller.messages == std::vector<std::string>{"one", "two"});
    REQUIRE(caller.status);
    CHECK(caller.status->is_ok());
    CHECK(f.far.dials == 1);
  }

  TEST_CASE("trailers-only answers carry the status in their head") {
    Fixture f;
    Caller caller(*f.channel, "hello");
    f.loop.settle();
    http::Head head = http::test::response_head(f.loop);
    (void)head.add(http::Token::kContentType, "application/grpc");
    (void)head.add(http::Token::kGrpcStatus, "3");
    (void)head.add(http::Token::kGrpcMessage, "bad%20target");
    f.request().stream->send_head(head, true);
    f.loop.settle();

    CHECK(caller.status->code == GrpcCode::invalid_argument);
    CHECK(caller.status->message == "bad target");
  }

  TEST_CASE("without grpc-status the HTTP status decides") {
    Fixture f;
    Caller unavailable(*f.channel, "x");
    Caller silent(*f.channel, "x");
    f.loop.settle();
    f.request(0).stream->send_head(http::test::response_head(f.loop, 503), true);
    f.answer_head(f.request(1));
    f.request(1).stream->send_end();
    f.loop.settle();

    CHECK(unavailable.status->code == GrpcCode::unavailable);
    CHECK(silent.status->code == GrpcCode::unknown);
  }

  TEST_CASE("a reset's code decides when there is no status") {
    Fixture f;
    Caller caller(*f.channel, "x");
    f.loop.settle();
    f.request().stream->reset(http::H2Code::internal_error);
    f.loop.settle();

    CHECK(caller.status->code == GrpcCode::internal);
  }

  TEST_CASE("a refused stream is submitted again, once") {
    Fixture f;
    Caller caller(*f.channel, "x");
    f.loop.settle();
    f.request(0).stream->reset(http::H2Code::refused_stream);
    f.loop.settle();
    CHECK_FALSE(caller.status);
    CHECK(f.request(1).body == framed("x"));

    f.request(1).stream->reset(http::H2Code::refused_stream);
    f.loop.settle();

    CHECK(caller.status->code == GrpcCode::unavailable);
  }

  TEST_CASE("a broken connection ends its calls with UNAVAILABLE, and the next call dials again") {
    Fixture f({.authority = "", .backoff = {1ms, 1ms, 0}});
    Caller first(*f.channel, "x");
    f.loop.settle();
    f.far.sides[0]->stream.abort();
    f.loop.settle();
    CHECK(first.status->code == GrpcCode::unavailable);

    Caller second(*f.channel, "x");
    REQUIRE(f.loop.run_until([&] { return f.far.sides.size() == 2; }));
    f.loop.settle();

    CHECK(f.request(0, 1).body == framed("x"));
  }

  TEST_CASE("calls wait while connecting fails, and go through once it works") {
    Fixture f({.authority = "", .backoff = {1ms, 2ms, 0}});
    f.far.refuses = true;
    Caller caller(*f.channel, "x");
    REQUIRE(f.loop.run_until([&] { return f.far.dials >= 3; }));
    CHECK(f.channel->is_failing());
    CHECK_FALSE(caller.status);

    f.far.refuses = false;
    REQUIRE(f.loop.run_until([&] { return !f.far.sides.empty(); }));
    f.loop.settle();

    CHECK(f.request().body == framed("x"));
    CHECK_FALSE(f.channel->is_failing());
  }

  TEST_CASE("a deadline ends a call that nobody answers, connected or not") {
    Fixture f;
    Caller connected(*f.channel, "x", {20ms, 1024});
    f.loop.settle();
    REQUIRE(f.loop.run_until([&] { return connected.status.has_value(); }));
    CHECK(connected.status->code == GrpcCode::deadline_exceeded);
    f.loop.settle();
    CHECK(f.request().reset->code == http::H2Code::cancel);

    Fixture alone;
    alone.far.refuses = true;
    Caller waiting(*alone.channel, "x", {20ms, 1024});
    REQUIRE(alone.loop.run_until([&] { return waiting.status.has_value(); }));
    CHECK(waiting.status->code == GrpcCode::deadline_exceeded);
  }

  TEST_CASE("destroying a call cancels it, also from inside a message") {
    Fixture f;
    Caller outside(*f.channel, "x");
    Caller inside(*f.channel, "x");
    inside.cancels_on_message = true;
    f.loop.settle();
    outside.call.reset();
    f.answer_head(f.request(1));
    f.request(1).stream->send_body(as_bytes(framed("one") + framed("two")));
    f.loop.settle();

    CHECK(f.request(0).reset->code == http::H2Code::cancel);
    CHECK(f.request(1).reset->code == http::H2Code::cancel);
    CHECK(inside.messages == std::vector<std::string>{"one"});
    CHECK_FALSE(inside.status);
    CHECK_FALSE(outside.status);
    CHECK(f.channel->is_idle());
  }

  TEST_CASE("a message above the limit ends the call") {
    Fixture f;
    Caller caller(*f.channel, "x", {0ms, 10});
    f.loop.settle();
    f.answer_head(f.request());
    f.request().stream->send_body(as_bytes(framed("far too long for that")));
    f.loop.settle();

    CHECK(caller.status->code == GrpcCode::resource_exhausted);
    CHECK(caller.messages.empty());
  }

  TEST_CASE("messages of megabytes arrive whole") {
    Fixture f;
    Caller caller(*f.channel, "x");
    f.loop.settle();
    const std::string large(4 * 1024 * 1024, 'm');
    f.answer_head(f.request());
    f.request().stream->send_body(as_bytes(framed(large)));
    f.answer_status(f.request(), "0");
    REQUIRE(f.loop.run_until([&] { return caller.status.has_value(); }));

    CHECK(caller.status->is_ok());
    REQUIRE(caller.messages.size() == 1);
    CHECK(caller.messages[0] == large);
  }

  TEST_CASE("a draining server keeps its calls while new ones go to a new connection") {
    Fixture f;
    Caller old_call(*f.channel, "old");
    f.loop.settle();
    f.far.sides[0]->server.drain();
    f.loop.settle();
    Caller new_call(*f.channel, "new");
    f.loop.settle();
    CHECK(f.request(0, 1).body == framed("new"));

    f.answer_head(f.request(0, 0));
    f.answer_status(f.request(0, 0), "0");
    f.loop.settle();

    CHECK(old_call.status->is_ok());
    CHECK_FALSE(new_call.status);
  }

  TEST_CASE("a server that falls silent is given up") {
    Fixture f({.authority = "", .keepalive = 30ms, .keepalive_timeout = 20ms});
    Caller caller(*f.channel, "x");
    f.loop.settle();
    f.far.sides[0]->stream.pause();

    REQUIRE(f.loop.run_until([&] { return caller.status.has_value(); }));

    CHECK(caller.status->code == GrpcCode::unavailable);
  }

  TEST_CASE("a server that answers PING is not given up") {
    Fixture f({.authority = "", .keepalive = 30ms, .keepalive_timeout = 20ms});
    Caller caller(*f.channel, "x");
    const TimePoint began = f.loop->now();
    (void)f.loop.run_until([&] { return f.loop->now() - began > 250ms; });

    CHECK_FALSE(caller.status);
    CHECK(f.far.sides.size() == 1);
  }

  TEST_CASE("calls that are left when the channel goes hear UNAVAILABLE") {
    Fixture f;
    Caller open(*f.channel, "x");
    f.loop.settle();
    f.channel.reset();

    CHECK(open.status->code == GrpcCode::unavailable);
  }
}
