// What HTTP/1 costs in memory: per request nothing from the system, per idle connection no buffer.

#include <doctest/doctest.h>

#include <string>

#include "meshkit/http/h1_client.h"
#include "meshkit/http/h1_server.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/memory_stream.h"
#include "tests/support/test_loop.h"

namespace mesh::http {
namespace {

// Answers every request with its body.
class Echo final : public ServerEvents, private MessageEvents {
 public:
  explicit Echo(BlockPool& pool) : response_(pool) {
    response_.status = 200;
    (void)response_.add("content-type", "text/plain");
    (void)response_.add("x-some-field", "of the application");
  }
  MessageEvents& on_request(MessageStream& stream) override {
    stream_ = &stream;
    return *this;
  }
  void on_connection_closed(const Error&) override {}
  void on_malformed(const char*) override {}

 private:
  void on_informational(Head&) override {}
  void on_head(Head&, bool last) override { stream_->send_head(response_, last); }
  void on_body(Bytes bytes) override {
    stream_->send_body(bytes);
    stream_->consumed(bytes.size());
  }
  void on_trailers(Head&) override {}
  void on_end() override { stream_->send_end(); }
  void on_reset(const Reset&) override {}
  void on_sent(std::size_t) override {}
  void on_closed() override { stream_ = nullptr; }

  Head response_;
  MessageStream* stream_ = nullptr;
};

// Sends one request after the other.
class Caller final : public ClientEvents, private MessageEvents {
 public:
  Caller(BlockPool& pool, std::string body) : request_(pool), body_(std::move(body)) {
    (void)request_.set_method(body_.empty() ? "GET" : "POST");
    (void)request_.set_path("/some/path?with=query");
    (void)request_.add("host", "service.namespace.svc.cluster.local");
    (void)request_.add("user-agent", "test");
    for (int i = 0; i < 10; ++i)
      (void)request_.add("x-custom-field", "with a value of some length");
  }
  void call(ClientConnection& connection) {
    stream_ = connection.open(*this);
    stream_->send_head(request_, body_.empty());
    if (body_.empty()) return;
    stream_->send_body(as_bytes(body_));
    stream_->send_end();
  }
  void on_available() override { ++calls; }
  void on_draining() override {}
  void on_connection_closed(const Error&) override {}

  int calls = 0;
  std::size_t received = 0;

 private:
  void on_informational(Head&) override {}
  void on_head(Head&, bool) override {}
  void on_body(Bytes bytes) override {
    received += bytes.size();
    stream_->consumed(bytes.size());
  }
  void on_trailers(Head&) override {}
  void on_end() override {}
  void on_reset(const Reset&) override {}
  void on_sent(std::size_t) override {}
  void on_closed() override { stream_ = nullptr; }

  Head request_;
  std::string body_;
  MessageStream* stream_ = nullptr;
};

// Asks the system for memory this often in 100 calls, after as many to warm up.
std::uint64_t allocations_of(const std::string& body) {
  test::TestLoop loop;
  const H1Limits limits;
  test::MemoryStreamPair pipe(loop);
  Echo echo(loop->pool());
  Caller caller(loop->pool(), body);
  H1Server server(loop, pipe.server, echo, limits);
  H1Client client(loop, pipe.client, caller, limits);
  server.start({});
  client.start();
  const auto call_often = [&](int times) {
    for (int i = 0; i < times; ++i) {
      caller.call(client);
      const int before = caller.calls;
      REQUIRE(loop.run_until([&] { return caller.calls != before; }));
    }
  };
  call_often(100);
  const std::uint64_t pooled = loop->pool().system_allocations();

  const test::AllocationCounter counter;
  call_often(100);
  const std::uint64_t count = counter.count();

  CHECK(caller.received == 200 * body.size());
  CHECK(loop->pool().system_allocations() == pooled);
  return count;
}

}  // namespace

TEST_SUITE("http/h1, memory") {
  TEST_CASE("a request on a warm connection asks the system for no memory") {
    CHECK(allocations_of("") == 0);
    CHECK(allocations_of("a small body") == 0);
    CHECK(allocations_of(std::string(200'000, 'x')) == 0);
  }

  TEST_CASE("a connection is small") {
    CHECK(sizeof(H1Server) <= 1024);
    CHECK(sizeof(H1Client) <= 1024);
    MESSAGE("H1Server " << sizeof(H1Server) << ", H1Client " << sizeof(H1Client) << " bytes");
  }
}

}  // namespace mesh::http
