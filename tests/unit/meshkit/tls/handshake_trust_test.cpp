// Whom a Handshake trusts, and whom not.

#include <doctest/doctest.h>

#include <chrono>
#include <string_view>

#include "tests/unit/meshkit/tls/handshake_fixture.h"

namespace mesh::tls {
namespace {

using namespace std::chrono_literals;

using Fixture = HandshakeFixture;

TEST_SUITE("tls/handshake and trust") {
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

  TEST_CASE("knows a server by its name in any case") {
    Fixture f;
    f.server_context = Context::make(Context::Role::server, f.authority.credentials_of("Api.TEST"),
                                     f.authority.bundle(), f.clock)
                           .value();

    f.run({.server_name = "api.test", .identity = "aPI.test"});

    REQUIRE(f.client.has_stream());
    CHECK((*f.client.result)->identity == "api.test");
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

}  // namespace
}  // namespace mesh::tls
