#include "proxy/admin/admin_server.h"

#include <doctest/doctest.h>

#include "meshkit/net/connect.h"
#include "tests/support/test_loop.h"

using namespace mesh;
using namespace mesh::admin;

namespace {

// A raw client: sends text, gathers what comes back.
class Client final : private net::StreamEvents {
 public:
  Client(Loop& loop, const net::SocketAddress& server, std::string request)
      : loop_(loop),
        request_(std::move(request)),
        connect_(loop, server, {}, [this](Result<net::TcpSocket> socket) {
          REQUIRE(socket);
          stream_ = std::make_unique<net::TcpStream>(loop_, std::move(*socket));
          stream_->start(*this);
          stream_->write(as_bytes(request_));
        }) {}

  // Cuts the connection, as a client that was killed does.
  void abort() { stream_->abort(); }

  std::string text;
  bool closed = false;

 private:
  void on_data(MutableBytes bytes) override { text.append(as_text(bytes)); }
  void on_end() override { stream_->end(); }
  void on_closed(const Error&) override { closed = true; }
  void on_drained() override {}

  Loop& loop_;
  std::string request_;
  std::unique_ptr<net::TcpStream> stream_;
  net::Connect connect_;
};

struct Fixture : Readiness, Doorkeeper, Scraper, Stopper {
  virtual ~Fixture() = default;
  std::vector<std::string> not_ready_because() const override { return {}; }
  bool may_ask(const net::SocketAddress&) const override { return is_open; }
  void scrape(ScrapeReceiver& receiver) override { waiting.push_back(receiver); }
  void shut_down() override { ++stops; }

  void tell_metrics(std::string_view text) {
    waiting.for_each([&](ScrapeReceiver& receiver) {
      receiver.unlink();
      receiver.on_scraped(text);
    });
  }
  std::string ask(const std::string& request) {
    Client client(loop, server.address(), request);
    CHECK(loop.run_until([&] { return client.closed; }));
    return client.text;
  }

  test::TestLoop loop;
  bool is_open = true;
  int stops = 0;
  IntrusiveList<ScrapeReceiver, ScrapeTag> waiting;
  FixedEnvironment environment;
  AdminServer server{AdminResources{.loop = loop.loop(),
                                    .pages = {.shutdown_enabled = true},
                                    .environment = environment,
                                    .readiness = *this,
                                    .door = *this,
                                    .scraper = *this,
                                    .stopper = *this}};
  Status listening = server.listen(*net::SocketAddress::parse("127.0.0.1:0"));
};

}  // namespace

TEST_SUITE("admin/admin_server") {
  TEST_CASE_FIXTURE(Fixture, "answers requests one after the other on one connection") {
    REQUIRE(listening);

    const std::string text =
        ask("GET /live HTTP/1.1\r\nhost: a\r\n\r\n"
            "GET /gone?x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");

    CHECK(text.starts_with("HTTP/1.1 200"));
    CHECK(text.find("\r\n\r\nlive\n") != std::string::npos);
    CHECK(text.find("HTTP/1.1 404") != std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture, "asks the door first") {
    is_open = false;

    const std::string text = ask("GET /live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");

    CHECK(text.starts_with("HTTP/1.1 403"));
  }

  TEST_CASE_FIXTURE(Fixture, "sends metrics when they have been collected") {
    Client client(loop, server.address(),
                  "GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");

    REQUIRE(loop.run_until([&] { return !waiting.empty(); }));
    tell_metrics("a 1\n# EOF\n");
    REQUIRE(loop.run_until([&] { return client.closed; }));

    CHECK(client.text.ends_with("\r\n\r\na 1\n# EOF\n"));
  }

  TEST_CASE_FIXTURE(Fixture, "forgets a client that left while metrics were collected") {
    Client client(loop, server.address(), "GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n");
    REQUIRE(loop.run_until([&] { return !waiting.empty(); }));

    client.abort();

    CHECK(loop.run_until([&] { return waiting.empty(); }));
  }

  TEST_CASE_FIXTURE(Fixture, "stops the proxy after it was asked to") {
    const std::string text =
        ask("POST /shutdown HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");

    CHECK(text.starts_with("HTTP/1.1 200"));
    CHECK(stops == 1);
  }

  TEST_CASE_FIXTURE(Fixture, "reads the body of a request, and answers what is too long") {
    const std::string head = "PUT /proxy-log-level HTTP/1.1\r\nhost: a\r\nconnection: close\r\n";

    CHECK(ask(head + "content-length: 4\r\n\r\nwarn").starts_with("HTTP/1.1 204"));
    const std::string body(5000, ',');
    CHECK(ask(head + "content-length: 5000\r\n\r\n" + body).starts_with("HTTP/1.1 413"));
  }
}
