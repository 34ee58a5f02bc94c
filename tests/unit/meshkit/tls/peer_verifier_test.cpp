#include "meshkit/tls/peer_verifier.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "meshkit/base/clock.h"
#include "meshkit/tls/credentials.h"
#include "tests/support/certs.h"

namespace mesh::tls {
namespace {

using namespace std::chrono_literals;

// What a peer sends: its leaf and the intermediates, as DER.
class Chain {
 public:
  explicit Chain(const Credentials& credentials) {
    ders_.push_back(credentials.leaf.der());
    for (const Certificate& link : credentials.intermediates) ders_.push_back(link.der());
    spans_.assign(ders_.begin(), ders_.end());
  }
  std::vector<std::uint8_t>& leaf() { return ders_.front(); }
  std::span<const Bytes> shown() const { return spans_; }

 private:
  std::vector<std::vector<std::uint8_t>> ders_;
  std::vector<Bytes> spans_;
};

struct Fixture {
  ManualClock clock;
  test::TestAuthority authority;
  PeerVerifier verifier{authority.bundle(), Usage::as_client, clock};

  Chain chain_valid_for(Nanoseconds duration) {
    const WallTime now = clock.wall_now();
    return Chain(authority.credentials(
        {"a.test"}, {now - 1h, now + std::chrono::duration_cast<std::chrono::seconds>(duration)}));
  }
};

TEST_SUITE("tls/peer_verifier") {
  TEST_CASE("tells the identities of a good chain") {
    Fixture f;
    const Chain chain(f.authority.credentials({"a.test", "spiffe://b"}));

    const auto identities = f.verifier.verify(chain.shown());

    REQUIRE(identities);
    CHECK(**identities == std::vector<std::string>{"a.test", "spiffe://b"});
  }

  TEST_CASE("checks a chain in full once, and another one again") {
    Fixture f;
    const Chain chain(f.authority.credentials_of("a.test"));

    for (int i = 0; i < 5; ++i) CHECK(f.verifier.verify(chain.shown()));
    CHECK(f.verifier.full_checks() == 1);
    CHECK(f.verifier.verify(Chain(f.authority.credentials_of("a.test")).shown()));
    CHECK(f.verifier.full_checks() == 2);
  }

  TEST_CASE("does not remember what has expired") {
    Fixture f;
    const Chain chain = f.chain_valid_for(1h);
    REQUIRE(f.verifier.verify(chain.shown()));

    f.clock.advance(1h - 1s);
    CHECK(f.verifier.verify(chain.shown()));
    f.clock.advance(1s);

    CHECK(f.verifier.verify(chain.shown()).error().code == Errc::tls);
    CHECK(f.verifier.full_checks() == 2);
  }

  TEST_CASE("does not remember what failed") {
    Fixture f;
    const test::TestAuthority other;
    const Chain chain(other.credentials_of("a.test"));

    CHECK_FALSE(f.verifier.verify(chain.shown()));
    CHECK_FALSE(f.verifier.verify(chain.shown()));

    CHECK(f.verifier.full_checks() == 2);
  }

  TEST_CASE("a chain that differs in a bit from a remembered one is checked") {
    Fixture f;
    Chain chain(f.authority.credentials_of("a.test"));
    REQUIRE(f.verifier.verify(chain.shown()));

    chain.leaf().back() ^= 1;

    CHECK_FALSE(f.verifier.verify(chain.shown()));
  }

  TEST_CASE("a remembered leaf without its intermediate is checked") {
    Fixture f;
    const Chain chain(f.authority.credentials_of("a.test"));
    REQUIRE(f.verifier.verify(chain.shown()));

    CHECK_FALSE(f.verifier.verify(chain.shown().first(1)));
  }

  TEST_CASE("refuses a certificate that is no certificate") {
    Fixture f;
    const std::vector<Bytes> garbage{as_bytes("certificate")};

    CHECK(f.verifier.verify(garbage).error().code == Errc::tls);
  }

  TEST_CASE("starts afresh rather than remember without bound") {
    Fixture f;
    const Key key = Key::generate();
    const Chain first(f.authority.credentials_of("first.test"));
    REQUIRE(f.verifier.verify(first.shown()));

    for (std::size_t i = 0; i < PeerVerifier::kMaxRemembered; ++i) {
      const Credentials peer{
          key, f.authority.root().sign(key.raw(), {"a.test"}, test::long_validity()).value(), {}};
      REQUIRE(f.verifier.verify(Chain(peer).shown()));
    }
    const std::uint64_t before = f.verifier.full_checks();
    REQUIRE(f.verifier.verify(first.shown()));

    CHECK(f.verifier.full_checks() == before + 1);
  }
}

}  // namespace
}  // namespace mesh::tls
