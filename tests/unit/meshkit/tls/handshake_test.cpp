#include "meshkit/tls/handshake.h"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "meshkit/net/connect.h"
#include "meshkit/net/tcp_listener.h"
#include "meshkit/net/tcp_stream.h"
#include "meshkit/tls/context.h"
#include "tests/support/certs.h"
#include "tests/unit/meshkit/tls/tls_pair.h"

namespace mesh::tls {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kHybridGroup = 0x11ec;

const std::string kWeb = "web.ns.serviceaccount.identity.mesh.cluster.local";
const std::string kApi = "api.ns.serviceaccount.identity.mesh.cluster.local";

// One side of a handshake and what it came to.
struct Side {
  std::optional<Result<Secured>> result;
  std::unique_ptr<Handshake> handshake;

  Handshake::Done done() {
    return [this](Result<Secured> r) { result = std::move(r); };
  }
  bool has_stream() const { return result && *result; }
  Errc failure() const { return result->error().code; }
  std::string_view reason() const { return result->error().what; }
};

// A client and a server over memory, each with its credentials.
struct Fixture {
  test::TestLoop loop;
  ManualClock clock;
  test::TestAuthority authority;
  TransportPair transports{loop};
  test::MemoryStream* client_transport = transports.client.get();
  test::MemoryStream* server_transport = transports.server.get();
  Context client_context = Context::make(Context::Role::client, authority.credentials_of(kWeb),
                                         authority.bundle(), clock)
                               .value();
  Context server_context = Context::make(Context::Role::server, authority.credentials_of(kApi),
                                         authority.bundle(), clock)
                               .value();
  Side client;
  Side server;

  void start_client(const Handshake::AsClient& as = {.server_name = kApi, .identity = kApi}) {
    client.handshake = std::make_unique<Handshake>(loop, client_context,
                                                   std::move(transports.client), as, client.done());
  }
  void start_server() {
    server.handshake =
        std::make_unique<Handshake>(loop, server_context, std::move(transports.server),
                                    Handshake::AsServer{ByteQueue(loop->pool())}, server.done());
  }
  void run(const Handshake::AsClient& as = {.server_name = kApi, .identity = kApi}) {
    start_client(as);
    start_server();
    loop.settle();
  }
};

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

  TEST_CASE("knows peers by URI, and by any of several names") {
    Fixture f;
    f.server_context = Context::make(Context::Role::server,
                                     f.authority.credentials({"first.test", "spiffe://root/api"}),
                                     f.authority.bundle(), f.clock)
                           .value();
    f.client_context = Context::make(Context::Role::client,
                                     f.authority.credentials({"spiffe://root/web", "web.test"}),
                                     f.authority.bundle(), f.clock)
                           .value();

    f.run({.server_name = "first.test", .identity = "spiffe://root/api"});

    REQUIRE(f.client.has_stream());
    CHECK((*f.client.result)->identity == "spiffe://root/api");
    CHECK((*f.server.result)->identity == "spiffe://root/web");
  }

  TEST_CASE("refuses a server that is somebody else") {
    Fixture f;

    f.run({.server_name = kApi, .identity = "other.test"});

    REQUIRE(f.client.result);
    REQUIRE(f.server.result);
    CHECK(f.client.failure() == Errc::identity);
    CHECK(f.server.failure() == Errc::tls);
    CHECK(f.server.reason() == "peer's alert: certificate not accepted");
  }

  TEST_CASE("refuses a server of another authority") {
    Fixture f;
    const test::TestAuthority other;
    f.server_context = Context::make(Context::Role::server, other.credentials_of(kApi),
                                     f.authority.bundle(), f.clock)
                           .value();

    f.run();

    CHECK(f.client.failure() == Errc::tls);
    CHECK(f.server.reason() == "peer's alert: bad certificate");
  }

  TEST_CASE("refuses a client of another authority") {
    Fixture f;
    const test::TestAuthority other;
    f.client_context = Context::make(Context::Role::client, other.credentials_of(kWeb),
                                     f.authority.bundle(), f.clock)
                           .value();

    f.run();

    REQUIRE(f.server.result);
    CHECK(f.server.failure() == Errc::tls);
    // The client's own handshake is done by then: its stream hears of it.
    REQUIRE(f.client.has_stream());
    test::Recorder at_client;
    (*f.client.result)->stream->start(at_client);
    f.loop.settle();
    REQUIRE(at_client.closed);
    CHECK(std::string_view(at_client.closed->what) == "peer's alert: bad certificate");
  }

  TEST_CASE("accepts a client without a certificate as nobody") {
    Fixture f;
    f.client_context = Context::make_anonymous_client(f.authority.bundle(), f.clock);

    f.run();

    REQUIRE(f.client.has_stream());
    REQUIRE(f.server.has_stream());
    CHECK((*f.server.result)->identity.empty());
  }

  TEST_CASE("refuses certificates outside of their time, at both ends") {
    const WallTime now = ManualClock().wall_now();
    for (const Validity& wrong : {Validity{now - 2h, now - 1h}, Validity{now + 1h, now + 2h}}) {
      Fixture server_expired;
      server_expired.server_context =
          Context::make(Context::Role::server, server_expired.authority.credentials({kApi}, wrong),
                        server_expired.authority.bundle(), server_expired.clock)
              .value();
      server_expired.run();
      CHECK(server_expired.client.failure() == Errc::tls);

      Fixture client_expired;
      client_expired.client_context =
          Context::make(Context::Role::client, client_expired.authority.credentials({kWeb}, wrong),
                        client_expired.authority.bundle(), client_expired.clock)
              .value();
      client_expired.run();
      CHECK(client_expired.server.failure() == Errc::tls);
    }
  }

  TEST_CASE("says why a certificate is not trusted") {
    Fixture f;
    const WallTime now = f.clock.wall_now();
    f.server_context =
        Context::make(Context::Role::server, f.authority.credentials({kApi}, {now - 2h, now - 1h}),
                      f.authority.bundle(), f.clock)
            .value();

    f.run();

    CHECK(f.client.reason() == "certificate has expired");
  }

  TEST_CASE("a context in use may be replaced: old handshakes and streams go on") {
    Fixture f;
    f.start_client();
    f.start_server();
    const test::TestAuthority next;
    f.client_context =
        Context::make(Context::Role::client, next.credentials_of(kWeb), next.bundle(), f.clock)
            .value();
    f.server_context =
        Context::make(Context::Role::server, next.credentials_of(kApi), next.bundle(), f.clock)
            .value();
    f.loop.settle();
    REQUIRE(f.client.has_stream());
    REQUIRE(f.server.has_stream());

    Fixture later;
    later.client_context = f.client_context;
    later.server_context = f.server_context;
    later.run();

    CHECK(later.client.has_stream());
    test::Recorder at_server;
    (*f.server.result)->stream->start(at_server);
    (*f.client.result)->stream->write(as_bytes("still the same"));
    f.loop.settle();
    CHECK(at_server.received == "still the same");
  }

  TEST_CASE("a context refuses credentials that do not fit together") {
    const test::TestAuthority authority;
    const ManualClock clock;
    Credentials wrong = authority.credentials_of(kWeb);
    wrong.key = Key::generate();

    CHECK_FALSE(Context::make(Context::Role::client, wrong, authority.bundle(), clock));
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

  TEST_CASE("fails on a peer that does not speak TLS") {
    Fixture f;
    f.start_client();
    f.transports.server->write(as_bytes("220 mail.test ESMTP ready\r\n"));
    f.loop.settle();

    REQUIRE(f.client.result);
    CHECK(f.client.failure() == Errc::tls);
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

  TEST_CASE("checks a peer's chain once, however often it connects") {
    // Signatures take most of a handshake's time; this only shows that repeated handshakes with one
    // context succeed and fail alike.
    Fixture first;
    first.run();
    for (int i = 0; i < 3; ++i) {
      Fixture again;
      again.client_context = first.client_context;
      again.server_context = first.server_context;
      again.run();
      CHECK(again.client.has_stream());
      CHECK((*again.server.result)->identity == kWeb);
    }
    Fixture wrong;
    wrong.client_context = first.client_context;
    wrong.server_context = first.server_context;
    wrong.run({.server_name = kApi, .identity = "other.test"});
    CHECK(wrong.client.failure() == Errc::identity);
  }
}

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
    Side client;
    Side server;
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
