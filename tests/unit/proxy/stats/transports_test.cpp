#include "proxy/stats/transports.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "tests/unit/meshkit/net/loopback.h"
#include "tests/unit/proxy/stats/scraped.h"

using namespace mesh;
using namespace mesh::stats;
using metrics::LabelText;
using test::has_line;

namespace {

class Receiver final : public net::StreamEvents {
 public:
  void on_data(MutableBytes bytes) override { received += bytes.size(); }
  void on_end() override {}
  void on_closed(const Error&) override {}
  void on_drained() override {}
  std::size_t received = 0;
};

struct Fixture {
  virtual ~Fixture() = default;

  test::TestLoop loop;
  metrics::Registry registry{metrics::RegistrySettings{}};
  Transports transports{registry};
  TransportSeries unknown{transports.families(), LabelText().add("who", "unknown")};
  test::Loopback connection{loop};
  Receiver receiver;
};

}  // namespace

TEST_SUITE("stats/transports") {
  TEST_CASE_FIXTURE(Fixture, "reads the bytes of open connections when asked, each byte once") {
    net::TcpStream& stream = *connection.stream;
    transports.open(stream, unknown);
    transports.assign(stream, transports.series(LabelText().add("who", "a")));
    stream.start(receiver);
    test::send_all(connection.peer, "hello");
    stream.write(as_bytes("hi"));
    REQUIRE(loop.run_until([&] { return receiver.received == 5 && stream.queued() == 0; }));

    (void)test::scraped(registry);
    const std::string text = test::scraped(registry);

    CHECK(has_line(text, "tcp_open_total{who=\"a\"} 1"));
    CHECK(has_line(text, "tcp_open_connections{who=\"a\"} 1"));
    CHECK(has_line(text, "tcp_read_bytes_total{who=\"a\"} 5"));
    CHECK(has_line(text, "tcp_write_bytes_total{who=\"a\"} 2"));
    CHECK(has_line(text, "tcp_open_total{who=\"unknown\"} 0"));
  }

  TEST_CASE_FIXTURE(Fixture, "counts an orderly end and an error by its errno") {
    net::TcpStream& stream = *connection.stream;
    TransportSeries& series = transports.series(LabelText().add("who", "a"));
    transports.open(stream, unknown);
    transports.assign(stream, series);
    transports.close(stream, Error{Errc::closed, "done"});
    transports.open(stream, unknown);
    transports.assign(stream, series);
    transports.close(stream, Error{Errc::reset, "reset", ECONNRESET});
    transports.close(stream, Error{Errc::closed, "again"});

    const std::string text = test::scraped(registry);

    CHECK(has_line(text, "tcp_close_total{who=\"a\",errno=\"\"} 1"));
    CHECK(has_line(text, "tcp_close_total{who=\"a\",errno=\"ECONNRESET\"} 1"));
    CHECK(has_line(text, "tcp_open_connections{who=\"a\"} 0"));
    CHECK(transports.size() == 0);
  }

  TEST_CASE_FIXTURE(Fixture, "counts who left before it was known under the fallback") {
    transports.open(*connection.stream, unknown);
    CHECK(has_line(test::scraped(registry), "tcp_open_connections{who=\"unknown\"} 0"));

    transports.close(*connection.stream, Error{Errc::timed_out, "slow"});

    const std::string text = test::scraped(registry);
    CHECK(has_line(text, "tcp_open_total{who=\"unknown\"} 1"));
    CHECK(has_line(text, "tcp_close_total{who=\"unknown\",errno=\"ETIMEDOUT\"} 1"));
  }

  TEST_CASE_FIXTURE(Fixture, "keeps a series for as long as a connection uses it") {
    transports.open(*connection.stream, unknown);
    transports.assign(*connection.stream, transports.series(LabelText().add("who", "a")));
    (void)test::scraped(registry);

    transports.close(*connection.stream, Error{Errc::closed, "done"});
    (void)test::scraped(registry);

    CHECK(has_line(test::scraped(registry), "tcp_open_total{who=\"a\"} 1"));
  }
}
