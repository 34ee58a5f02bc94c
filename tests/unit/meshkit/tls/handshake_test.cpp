#include "meshkit/tls/handshake.h"

#include <doctest/doctest.h>

#include <memory>
#include <utility>
#include <vector>

#include "tests/unit/meshkit/tls/handshake_fixture.h"

namespace mesh::tls {
namespace {

using Fixture = HandshakeFixture;

constexpr std::uint16_t kHybridGroup = 0x11ec;

TEST_SUITE("tls/handshake") {
  TEST_CASE("makes two workloads known to each other by the hybrid key exchange") {
    Fixture f;

    f.run();

    REQUIRE(f.client.has_stream());
    REQUIRE(f.server.has_stream());
    CHECK((*f.client.result)->identity == kApi);
    CHECK((*f.server.result)->identity == kWeb);
    CHECK((*f.client.result)->group == kHybridGroup);
    CHECK((*f.server.result)->group == kHybridGroup);
    CHECK_FALSE((*f.client.result)->transport_header);
    CHECK_FALSE((*f.server.result)->transport_header);
  }

  TEST_CASE("yields streams that carry data") {
    Fixture f;
    f.run();
    REQUIRE(f.client.has_stream());
    TlsStream& client = *(*f.client.result)->stream;
    TlsStream& server = *(*f.server.result)->stream;
    test::Recorder at_client;
    test::Recorder at_server;

    client.write(as_bytes("hello"));  // before anybody reads
    f.loop.settle();
    server.start(at_server);
    client.start(at_client);
    server.write(as_bytes(text_of(100000)));
    server.end();
    f.loop.settle();
    client.end();
    f.loop.settle();

    CHECK(at_server.received == "hello");
    CHECK(at_client.received == text_of(100000));
    CHECK(at_client.ended);
    CHECK(at_client.closed);
    CHECK(at_server.closed);
  }

  TEST_CASE("loses nothing of what comes in one burst with the end of the handshake") {
    Fixture f;
    test::Recorder at_client;
    f.client.handshake = std::make_unique<Handshake>(
        f.loop, f.client_context, std::move(f.transports.client),
        Handshake::AsClient{.server_name = kApi, .identity = kApi}, [&](Result<Secured> result) {
          f.client.result = std::move(result);
          TlsStream& stream = *(*f.client.result)->stream;
          stream.start(at_client);
          stream.write(as_bytes(text_of(30000)));
          stream.end();
        });
    f.start_server();
    f.loop.settle();
    REQUIRE(f.server.has_stream());

    test::Recorder at_server;
    (*f.server.result)->stream->start(at_server);
    f.loop.settle();

    CHECK(at_server.received == text_of(30000));
    CHECK(at_server.ended);
    CHECK_FALSE((*f.server.result)->stream->was_truncated());
  }

  TEST_CASE("works when every byte comes alone") {
    Fixture f;
    f.client_transport->set_largest_read(1);
    f.server_transport->set_largest_read(1);

    f.run();

    CHECK(f.client.has_stream());
    CHECK(f.server.has_stream());
  }

  TEST_CASE("takes over from who has read the beginning") {
    for (const std::size_t taken : {1U, 5U, 500U, 1400U}) {
      Fixture f;
      f.start_client();
      test::Recorder reader;
      f.server_transport->set_largest_read(taken);
      class Peek final : public net::StreamEvents {
       public:
        explicit Peek(test::MemoryStream& stream) : stream_(stream) { stream.start(*this); }
        void on_data(MutableBytes bytes) override {
          seen.insert(seen.end(), bytes.begin(), bytes.end());
          stream_.pause();
        }
        void on_end() override {}
        void on_closed(const Error&) override {}
        void on_drained() override {}
        std::vector<std::uint8_t> seen;

       private:
        test::MemoryStream& stream_;
      } peek(*f.server_transport);
      f.loop.settle();
      REQUIRE(peek.seen.size() == taken);

      Handshake::AsServer as{ByteQueue(f.loop->pool())};
      as.received.append(peek.seen);
      f.server.handshake = std::make_unique<Handshake>(
          f.loop, f.server_context, std::move(f.transports.server), std::move(as), f.server.done());
      f.loop.settle(2000);

      CHECK(f.client.has_stream());
      CHECK(f.server.has_stream());
    }
  }

  TEST_CASE("agrees on the transport header when the client offers it") {
    Fixture f;

    f.run({.server_name = kApi, .identity = kApi, .transport_header = true});

    REQUIRE(f.client.has_stream());
    CHECK((*f.client.result)->transport_header);
    CHECK((*f.server.result)->transport_header);
  }

  TEST_CASE("needs no server name") {
    Fixture f;

    f.run({.server_name = "", .identity = kApi});

    CHECK(f.client.has_stream());
  }

  TEST_CASE("fails when the peer ends or resets in the middle") {
    Fixture ends;
    ends.start_client();
    ends.transports.server->end();
    ends.loop.settle();
    REQUIRE(ends.client.result);
    CHECK(ends.client.failure() == Errc::tls);

    Fixture resets;
    resets.start_client();
    resets.transports.server->abort();
    resets.loop.settle();
    REQUIRE(resets.client.result);
    CHECK(resets.client.failure() == Errc::reset);
  }

  TEST_CASE("fails on a peer that does not speak TLS, and reads no more of it") {
    Fixture f;
    bool is_paused = false;
    f.client.handshake = std::make_unique<Handshake>(
        f.loop, f.client_context, std::move(f.transports.client),
        Handshake::AsClient{.server_name = kApi, .identity = kApi}, [&](Result<Secured> result) {
          f.client.result = std::move(result);
          is_paused = f.client_transport->is_paused();
        });
    f.transports.server->write(as_bytes("220 mail.test ESMTP ready\r\n"));
    f.loop.settle();

    REQUIRE(f.client.result);
    CHECK(f.client.failure() == Errc::tls);
    CHECK(is_paused);
  }

  TEST_CASE("runs for ever against a silent peer, and never calls back once destroyed") {
    Fixture f;
    f.start_client();
    f.loop.settle(50);
    CHECK_FALSE(f.client.result);

    f.client.handshake.reset();
    f.loop.settle();

    CHECK_FALSE(f.client.result);
  }

  TEST_CASE("destroyed between its end and its callback, it does not call") {
    Fixture f;
    f.start_client();
    f.transports.server->abort();
    f.client.handshake.reset();
    f.loop.settle();

    CHECK_FALSE(f.client.result);
  }

  TEST_CASE("may be destroyed from inside its callback, also with the stream") {
    Fixture f;
    bool called = false;
    f.start_client();
    f.server.handshake = std::make_unique<Handshake>(
        f.loop, f.server_context, std::move(f.transports.server),
        Handshake::AsServer{ByteQueue(f.loop->pool())}, [&](Result<Secured> result) {
          called = result.has_value();
          f.server.handshake.reset();
        });
    f.loop.settle();

    CHECK(called);
  }
}

}  // namespace
}  // namespace mesh::tls
