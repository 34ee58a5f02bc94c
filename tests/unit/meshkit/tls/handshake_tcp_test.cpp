// Handshake and TlsStream over real sockets.

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "meshkit/net/connect.h"
#include "meshkit/net/tcp_listener.h"
#include "meshkit/net/tcp_stream.h"
#include "tests/unit/meshkit/tls/handshake_fixture.h"

namespace mesh::tls {
namespace {

// Writes `chunks` times `chunk` as fast as the stream takes it, then ends.
class Source final : public net::StreamEvents {
 public:
  Source(TlsStream& stream, const std::string& chunk, int chunks)
      : stream_(stream), chunk_(chunk), left_(chunks) {
    stream.start(*this);
    on_drained();
  }
  void on_data(MutableBytes) override {}
  void on_end() override {}
  void on_closed(const Error& error) override { closed = error; }
  void on_drained() override {
    for (; left_ > 0 && !stream_.congested(); --left_) stream_.write(as_bytes(chunk_));
    if (left_ == 0) stream_.end();
  }
  std::optional<Error> closed;

 private:
  TlsStream& stream_;
  const std::string& chunk_;
  int left_;
};

TEST_SUITE("tls/handshake over TCP") {
  TEST_CASE("secures a loopback connection and moves much through it") {
    test::TestLoop loop;
    const test::TestAuthority authority;
    const Context client_context =
        Context::make(Context::Role::client, authority.credentials_of(kWeb), authority.bundle(),
                      loop.loop())
            .value();
    const Context server_context =
        Context::make(Context::Role::server, authority.credentials_of(kApi), authority.bundle(),
                      loop.loop())
            .value();
    HandshakeSide client;
    HandshakeSide server;
    net::TcpListener listener(loop);
    REQUIRE(listener.bind({net::IpAddress::loopback_v4(), 0}));
    listener.start([&](net::TcpSocket socket) {
      server.handshake = std::make_unique<Handshake>(
          loop, server_context, std::make_unique<net::TcpStream>(loop, std::move(socket)),
          Handshake::AsServer{ByteQueue(loop->pool())}, server.done());
    });
    net::Connect connect(loop, listener.address(), {}, [&](Result<net::TcpSocket> socket) {
      REQUIRE(socket);
      client.handshake = std::make_unique<Handshake>(
          loop, client_context, std::make_unique<net::TcpStream>(loop, std::move(*socket)),
          Handshake::AsClient{.server_name = kApi, .identity = kApi}, client.done());
    });
    REQUIRE(loop.run_until([&] { return client.has_stream() && server.has_stream(); }));

    const std::string chunk = text_of(99991);
    test::Recorder at_server;
    TlsStream& server_stream = *(*server.result)->stream;
    server_stream.start(at_server);
    Source source(*(*client.result)->stream, chunk, 300);
    REQUIRE(loop.run_until([&] { return at_server.ended; }));
    server_stream.end();
    REQUIRE(loop.run_until([&] { return at_server.closed && source.closed; }));

    CHECK(source.closed->code == Errc::closed);
    REQUIRE(at_server.received.size() == 300 * chunk.size());
    bool is_same = true;
    for (int i = 0; i < 300; ++i)
      is_same = is_same && at_server.received.compare(static_cast<std::size_t>(i) * chunk.size(),
                                                      chunk.size(), chunk) == 0;
    CHECK(is_same);
    listener.stop();
  }
}

}  // namespace
}  // namespace mesh::tls
