#include "meshkit/tls/trust_bundle.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string_view>
#include <vector>

#include "meshkit/tls/credentials.h"
#include "tests/support/certs.h"

namespace mesh::tls {
namespace {

using namespace std::chrono_literals;

const WallTime kNow = std::chrono::sys_days{2026y / 6 / 1};

auto verify(const TrustBundle& bundle, const Credentials& peer, WallTime when = kNow) {
  return bundle.verify(peer.leaf, peer.intermediates, Usage::as_client, when);
}

TEST_SUITE("tls/trust_bundle") {
  TEST_CASE("trusts a leaf that leads to its root by way of an intermediate") {
    const test::TestAuthority authority;

    const auto trusted = verify(authority.bundle(), authority.credentials_of("a.test"));

    REQUIRE(trusted);
    CHECK(trusted->not_after == test::long_validity().not_after);
  }

  TEST_CASE("trusts both usages of a leaf") {
    const test::TestAuthority authority;
    const Credentials peer = authority.credentials_of("a.test");

    CHECK(authority.bundle().verify(peer.leaf, peer.intermediates, Usage::as_client, kNow));
    CHECK(authority.bundle().verify(peer.leaf, peer.intermediates, Usage::as_server, kNow));
  }

  TEST_CASE("does not trust a leaf without its intermediate") {
    const test::TestAuthority authority;
    Credentials peer = authority.credentials_of("a.test");
    peer.intermediates.clear();

    const auto refused = verify(authority.bundle(), peer);

    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::tls);
    CHECK(std::string_view(refused.error().what) == "unable to get local issuer certificate");
  }

  TEST_CASE("does not trust another root of the same name") {
    const test::TestAuthority mine;
    const test::TestAuthority other;

    CHECK_FALSE(verify(mine.bundle(), other.credentials_of("a.test")));
  }

  TEST_CASE("does not trust a leaf that signs leaves") {
    const test::TestAuthority authority;
    const Credentials mallory = authority.credentials_of("mallory.test");
    CHECK_FALSE(Issuer::from_parts(mallory.leaf, mallory.key));
    // As if mallory had signed anyway: an issuer of the same name and key, without the constraint.
    const Issuer forger = authority.issuer().make_intermediate("mallory", test::long_validity());
    const Key key = Key::generate();
    Credentials victim{key,
                       forger.sign(key.raw(), {"victim.test"}, test::long_validity()).value(),
                       {mallory.leaf, authority.issuer().certificate()}};

    CHECK_FALSE(verify(authority.bundle(), victim));
  }

  TEST_CASE("holds every link of the chain to its validity") {
    const test::TestAuthority authority;
    const Validity short_one{kNow - 1h, kNow + 1h};
    const Credentials peer = authority.credentials({"a.test"}, short_one);

    const auto trusted = verify(authority.bundle(), peer);

    REQUIRE(trusted);
    CHECK(trusted->not_before == short_one.not_before);
    CHECK(trusted->not_after == short_one.not_after);
    CHECK(verify(authority.bundle(), peer, kNow + 1h - 1s));
    CHECK(std::string_view(verify(authority.bundle(), peer, kNow + 1h).error().what) ==
          "certificate has expired");
    CHECK(std::string_view(verify(authority.bundle(), peer, kNow - 1h - 1s).error().what) ==
          "certificate is not yet valid");
  }

  TEST_CASE("does not trust an expired intermediate") {
    const test::TestAuthority authority;
    const Issuer old = authority.root().make_intermediate("old", {kNow - 2h, kNow - 1h});
    const Key key = Key::generate();
    const Credentials peer{key, old.sign(key.raw(), {"a.test"}, {kNow - 2h, kNow + 1h}).value(),
                           old.intermediates()};

    CHECK_FALSE(verify(authority.bundle(), peer));
    CHECK(verify(authority.bundle(), peer, kNow - 90min));
  }

  TEST_CASE("trusts any of several roots, in the time of their change") {
    const test::TestAuthority before;
    const test::TestAuthority after;
    const TrustBundle both =
        TrustBundle::from_pem(before.root().certificate().pem() + after.root().certificate().pem())
            .value();

    CHECK(both.roots().size() == 2);
    CHECK(verify(both, before.credentials_of("a.test")));
    CHECK(verify(both, after.credentials_of("a.test")));
    CHECK_FALSE(verify(after.bundle(), before.credentials_of("a.test")));
  }

  TEST_CASE("may be anchored at an intermediate") {
    const test::TestAuthority authority;
    const TrustBundle anchored = TrustBundle::from_roots({authority.issuer().certificate()});

    CHECK(verify(anchored, authority.credentials_of("a.test")));
  }

  TEST_CASE("refuses a text without a certificate") {
    CHECK_FALSE(TrustBundle::from_pem(""));
    CHECK_FALSE(TrustBundle::from_pem(Key::generate().pem()));
  }
}

TEST_SUITE("tls/credentials") {
  TEST_CASE("are good when key, name and chain fit") {
    const test::TestAuthority authority;

    CHECK(check(authority.credentials_of("a.test"), "a.test", authority.bundle(), kNow));
  }

  TEST_CASE("are refused with the reason when one of them does not") {
    const test::TestAuthority authority;
    const test::TestAuthority other;
    const Credentials good = authority.credentials_of("a.test");
    Credentials wrong_key = good;
    wrong_key.key = Key::generate();

    CHECK(check(wrong_key, "a.test", authority.bundle(), kNow).error().code == Errc::invalid);
    CHECK(check(good, "b.test", authority.bundle(), kNow).error().code == Errc::identity);
    CHECK(check(good, "a.test", other.bundle(), kNow).error().code == Errc::tls);
    const Credentials old = authority.credentials({"a.test"}, {kNow - 2h, kNow - 1h});
    CHECK(check(old, "a.test", authority.bundle(), kNow).error().code == Errc::tls);
  }
}

}  // namespace
}  // namespace mesh::tls
