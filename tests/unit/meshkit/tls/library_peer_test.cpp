// Handshake and TlsStream against the TLS library's own client and server, over memory.

#include <doctest/doctest.h>
#include <openssl/pool.h>
#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meshkit/tls/context.h"
#include "meshkit/tls/handshake.h"
#include "tests/support/certs.h"
#include "tests/unit/meshkit/tls/library_peer.h"
#include "tests/unit/meshkit/tls/tls_pair.h"

namespace mesh::tls {
namespace {

// A library context that trusts everybody; with a certificate if given one.
bssl::UniquePtr<SSL_CTX> library_context(const Credentials* credentials) {
  bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_with_buffers_method()));
  SSL_CTX_set_custom_verify(context.get(), SSL_VERIFY_PEER,
                            [](SSL*, std::uint8_t*) { return ssl_verify_ok; });
  if (credentials == nullptr) return context;
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> owners;
  std::vector<CRYPTO_BUFFER*> chain;
  std::vector<Certificate> all{credentials->leaf};
  all.insert(all.end(), credentials->intermediates.begin(), credentials->intermediates.end());
  for (const Certificate& certificate : all) {
    const std::vector<std::uint8_t> der = certificate.der();
    owners.emplace_back(CRYPTO_BUFFER_new(der.data(), der.size(), nullptr));
    chain.push_back(owners.back().get());
  }
  REQUIRE(SSL_CTX_set_chain_and_key(context.get(), chain.data(), chain.size(),
                                    credentials->key.raw(), nullptr) == 1);
  return context;
}

// Our server, and a library client; or, with `as_client`, the other way round.
struct Fixture {
  explicit Fixture(bool as_client = false) : we_are_client(as_client) {}

  test::TestLoop loop;
  test::TestAuthority authority;
  Credentials ours = authority.credentials_of("ours.test");
  Credentials theirs = authority.credentials_of("theirs.test");
  bssl::UniquePtr<SSL_CTX> context = library_context(&theirs);
  TransportPair transports{loop};
  test::Recorder received;
  std::optional<Result<Secured>> result;
  std::unique_ptr<LibraryPeer> peer;
  std::unique_ptr<Handshake> handshake;
  bool we_are_client;

  // `prepare` sets the library's end up before it starts.
  template <class Prepare>
  void run(Prepare&& prepare) {
    bssl::UniquePtr<SSL> ssl(SSL_new(context.get()));
    we_are_client ? SSL_set_accept_state(ssl.get()) : SSL_set_connect_state(ssl.get());
    prepare(ssl.get());
    start_ours();
    peer = std::make_unique<LibraryPeer>(std::move(transports.client), std::move(ssl));
    loop.settle();
    if (is_secured()) stream().start(received);
    loop.settle();
  }
  void run() {
    run([](SSL*) {});
  }
  bool is_secured() const { return result && *result; }
  TlsStream& stream() { return *(*result)->stream; }
  std::string_view reason() const { return result->error().what; }

 private:
  void start_ours() {
    auto done = [this](Result<Secured> r) { result = std::move(r); };
    if (we_are_client) {
      const Context client =
          Context::make(Context::Role::client, ours, authority.bundle(), loop.loop()).value();
      handshake = std::make_unique<Handshake>(
          loop, client, std::move(transports.server),
          Handshake::AsClient{.server_name = "theirs.test", .identity = "theirs.test"}, done);
      return;
    }
    const Context server =
        Context::make(Context::Role::server, ours, authority.bundle(), loop.loop()).value();
    handshake = std::make_unique<Handshake>(loop, server, std::move(transports.server),
                                            Handshake::AsServer{ByteQueue(loop->pool())}, done);
  }
};

TEST_SUITE("tls/handshake with the library's peer") {
  TEST_CASE("talks to its client and to its server") {
    for (const bool as_client : {false, true}) {
      Fixture f(as_client);
      f.run();
      REQUIRE(f.is_secured());
      REQUIRE(f.peer->is_established);
      CHECK((*f.result)->identity == "theirs.test");

      f.peer->write("to us");
      f.stream().write(as_bytes(text_of(50000)));
      f.loop.settle();

      CHECK(f.received.received == "to us");
      CHECK(f.peer->received == text_of(50000));
    }
  }

  TEST_CASE("speaks the suite with the longer keys and hash") {
    Fixture f(/*as_client=*/true);
    REQUIRE(SSL_CTX_set_compliance_policy(f.context.get(), ssl_compliance_policy_cnsa_202407) == 1);
    f.run();
    REQUIRE(f.is_secured());
    REQUIRE(SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(f.peer->ssl())) == 0x1302);

    f.peer->update_keys(/*wants_answer=*/true);
    f.peer->write("ping");
    f.loop.settle();
    f.stream().write(as_bytes("pong"));
    f.loop.settle();

    CHECK(f.received.received == "ping");
    CHECK(f.peer->received == "pong");
  }

  TEST_CASE("falls back to the classical groups, by a second hello if need be") {
    constexpr std::uint16_t kClassical[] = {SSL_GROUP_X25519, SSL_GROUP_SECP256R1,
                                            SSL_GROUP_SECP384R1};
    for (const std::uint16_t group : kClassical) {
      for (const bool as_client : {false, true}) {
        Fixture f(as_client);
        f.run([&](SSL* ssl) { SSL_set1_group_ids(ssl, &group, 1); });
        REQUIRE(f.is_secured());
        CHECK((*f.result)->group == group);
      }
    }
  }

  TEST_CASE("refuses TLS 1.2") {
    for (const bool as_client : {false, true}) {
      Fixture f(as_client);
      f.run([](SSL* ssl) { SSL_set_max_proto_version(ssl, TLS1_2_VERSION); });

      REQUIRE(f.result);
      CHECK_FALSE(f.is_secured());
      CHECK(f.result->error().code == Errc::tls);
      CHECK_FALSE(f.peer->is_established);
    }
  }

  TEST_CASE("ignores protocols that it does not know") {
    Fixture f;
    const std::string list = "\x02h2\x08http/1.1";
    f.run([&](SSL* ssl) { SSL_set_alpn_protos(ssl, as_bytes(list).data(), list.size()); });

    REQUIRE(f.is_secured());
    CHECK_FALSE((*f.result)->transport_header);
    const std::uint8_t* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(f.peer->ssl(), &chosen, &size);
    CHECK(size == 0);
  }

  TEST_CASE("picks the transport header among others") {
    Fixture f;
    const std::string list = "\x02h2\x13transport.l5d.io/v1";
    f.run([&](SSL* ssl) { SSL_set_alpn_protos(ssl, as_bytes(list).data(), list.size()); });

    REQUIRE(f.is_secured());
    CHECK((*f.result)->transport_header);
  }

  TEST_CASE("gives no tickets, and takes no harm from those it is given") {
    Fixture server;
    static int tickets = 0;
    tickets = 0;
    SSL_CTX_set_session_cache_mode(server.context.get(), SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(server.context.get(), [](SSL*, SSL_SESSION*) { return ++tickets, 0; });
    server.run();
    server.stream().write(as_bytes("x"));
    server.loop.settle();
    CHECK(server.peer->received == "x");
    CHECK(tickets == 0);

    Fixture client(true);
    client.run();
    REQUIRE(client.is_secured());
    client.peer->write("after the tickets");
    client.loop.settle();
    CHECK(client.received.received == "after the tickets");
  }

  TEST_CASE("follows its key updates and answers them") {
    for (const bool as_client : {false, true}) {
      Fixture f(as_client);
      f.run();
      REQUIRE(f.is_secured());
      std::string expected;
      for (int i = 0; i < 20; ++i) {
        f.peer->update_keys(/*wants_answer=*/i % 2 == 0);
        f.peer->write("a");
        f.stream().write(as_bytes("b"));
        f.loop.settle();
      }

      CHECK(f.received.received == std::string(20, 'a'));
      CHECK(f.peer->received == std::string(20, 'b'));
      CHECK(f.peer->error.empty());
    }
  }

  TEST_CASE("ends as it does") {
    Fixture f;
    f.run();
    REQUIRE(f.is_secured());

    f.stream().write(as_bytes("last"));
    f.stream().end();
    f.loop.settle();
    CHECK(f.peer->received == "last");
    CHECK(f.peer->is_ended);
    CHECK(f.peer->is_transport_ended);

    f.peer->write("half-open");
    f.peer->shutdown();
    f.peer->transport().end();
    f.loop.settle();
    CHECK(f.received.received == "half-open");
    CHECK(f.received.ended);
    CHECK_FALSE(f.stream().was_truncated());
    REQUIRE(f.received.closed);
    CHECK(f.received.closed->code == Errc::closed);
  }

  TEST_CASE("tells it what is wrong with its records") {
    Fixture f;
    f.run();
    REQUIRE(f.is_secured());

    f.peer->transport().write(as_bytes("no record"));
    f.loop.settle();

    CHECK(f.peer->error == "SSLV3_ALERT_UNEXPECTED_MESSAGE");
    REQUIRE(f.received.closed);
  }

  TEST_CASE("asks its clients for certificates, and takes those that have none") {
    Fixture f;
    f.context = library_context(nullptr);
    f.run();

    REQUIRE(f.is_secured());
    CHECK((*f.result)->identity.empty());
  }
}

}  // namespace
}  // namespace mesh::tls
