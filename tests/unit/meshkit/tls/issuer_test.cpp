#include "meshkit/tls/issuer.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "meshkit/tls/signing_request.h"
#include "tests/support/certs.h"

namespace mesh::tls {
namespace {

using namespace std::chrono_literals;

const std::string kLongName =
    std::string(60, 'a') + ".ns.serviceaccount.identity.mesh.cluster.local";

TEST_SUITE("tls/signing_request") {
  TEST_CASE("asks for one DNS identity") {
    const Key key = Key::generate();

    const auto der = make_signing_request(key, "web.ns.serviceaccount.identity.mesh.cluster.local");
    REQUIRE(der);
    const auto request = SigningRequest::from_der(*der);

    REQUIRE(request);
    CHECK(request->identities() ==
          std::vector<std::string>{"web.ns.serviceaccount.identity.mesh.cluster.local"});
  }

  TEST_CASE("asks for a URI identity and for names too long for a common name") {
    const Key key = Key::generate();

    for (const std::string& name : {std::string("spiffe://cluster.local/ns/web"), kLongName}) {
      const auto request = SigningRequest::from_der(make_signing_request(key, name).value());
      REQUIRE(request);
      CHECK(request->identities() == std::vector<std::string>{name});
    }
  }

  TEST_CASE("refuses to ask for what is no identity") {
    const Key key = Key::generate();

    CHECK_FALSE(make_signing_request(key, ""));
    CHECK_FALSE(make_signing_request(key, "a b"));
    CHECK_FALSE(make_signing_request(key, "10.0.0.1"));
  }

  TEST_CASE("is refused when it was changed, cut or extended") {
    const std::vector<std::uint8_t> good =
        make_signing_request(Key::generate(), "web.test").value();

    for (std::size_t at = 0; at < good.size(); ++at) {
      CHECK_FALSE(SigningRequest::from_der(Bytes(good).first(at)));
      std::vector<std::uint8_t> changed = good;
      changed[at] ^= 1;
      CHECK_FALSE(SigningRequest::from_der(changed));
    }
    std::vector<std::uint8_t> longer = good;
    longer.push_back(0);
    CHECK_FALSE(SigningRequest::from_der(longer));
  }
}

TEST_SUITE("tls/issuer") {
  TEST_CASE("signs what a request asks for") {
    const test::TestAuthority authority;
    const Key key = Key::generate();
    const auto request = SigningRequest::from_der(make_signing_request(key, "web.test").value());
    REQUIRE(request);

    const auto leaf = authority.issuer().sign(*request, test::long_validity());

    REQUIRE(leaf);
    CHECK(leaf->belongs_to(key));
    CHECK(leaf->identities() == std::vector<std::string>{"web.test"});
    CHECK_FALSE(leaf->is_authority());
  }

  TEST_CASE("gives every certificate a serial number of its own") {
    const test::TestAuthority authority;
    const Key key = Key::generate();

    const auto one = authority.issuer().sign(key.raw(), {"web.test"}, test::long_validity());
    const auto two = authority.issuer().sign(key.raw(), {"web.test"}, test::long_validity());

    CHECK(one->der() != two->der());
  }

  TEST_CASE("cuts a validity to its own") {
    const WallTime now = std::chrono::sys_days{2026y / 6 / 1};
    const Issuer root = Issuer::make_root("root", {now, now + 24h});
    const Key key = Key::generate();

    const auto leaf = root.sign(key.raw(), {"web.test"}, {now - 1h, now + 48h});

    CHECK(leaf->not_before() == now);
    CHECK(leaf->not_after() == now + 24h);
  }

  TEST_CASE("refuses to sign for nobody") {
    const test::TestAuthority authority;
    const Key key = Key::generate();

    CHECK_FALSE(authority.issuer().sign(key.raw(), {}, test::long_validity()));
    CHECK_FALSE(
        authority.issuer().sign(key.raw(), {"web.test", "not a name"}, test::long_validity()));
  }

  TEST_CASE("comes back from its parts") {
    const test::TestAuthority authority;
    const Issuer& issuer = authority.issuer();

    const auto again =
        Issuer::from_parts(issuer.certificate(), Key::from_pem(issuer.key().pem()).value());

    REQUIRE(again);
    REQUIRE(again->intermediates().size() == 1);
    CHECK(again->intermediates()[0].der() == issuer.certificate().der());
    CHECK_FALSE(Issuer::from_parts(issuer.certificate(), Key::generate()));
  }

  TEST_CASE("sends all authorities between a leaf and the root") {
    const test::TestAuthority authority;
    const Issuer lower = authority.issuer().make_intermediate("lower", test::long_validity());

    CHECK(authority.root().intermediates().empty());
    CHECK(authority.issuer().intermediates().size() == 1);
    REQUIRE(lower.intermediates().size() == 2);
    CHECK(lower.intermediates()[0].common_name() == "lower");
    CHECK(lower.intermediates()[1].common_name() == "test issuer");
  }
}

}  // namespace
}  // namespace mesh::tls
