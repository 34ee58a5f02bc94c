#include "meshkit/tls/key.h"

#include <doctest/doctest.h>

#include <memory>
#include <string_view>
#include <vector>

#include "meshkit/tls/certificate.h"
#include "tests/support/certs.h"

namespace mesh::tls {
namespace {

TEST_SUITE("tls/key") {
  TEST_CASE("makes P-256 pairs, a new one each time") {
    const Key one = Key::generate();
    const Key other = Key::generate();

    CHECK(one.is_p256());
    CHECK(one.der() != other.der());
  }

  TEST_CASE("survives the way through PKCS#8 and PEM") {
    const Key key = Key::generate();

    const auto from_der = Key::from_der(key.der());
    const auto from_pem = Key::from_pem(key.pem());

    REQUIRE(from_der);
    REQUIRE(from_pem);
    CHECK(from_der->der() == key.der());
    CHECK(from_pem->der() == key.der());
    CHECK(key.pem().starts_with("-----BEGIN PRIVATE KEY-----\n"));
  }

  TEST_CASE("reads an EC PRIVATE KEY as other tools write it") {
    // openssl ecparam -genkey -name prime256v1 -noout
    constexpr std::string_view kPem =
        "-----BEGIN EC PRIVATE KEY-----\n"
        "MHcCAQEEIGp8TqD/1w4i0L/2bQ5qbSrwN6R2YpqVHpzanp2DyFJAoAoGCCqGSM49\n"
        "AwEHoUQDQgAEkbWgCnHJ3AgfqIi/HMX6PBktwaBMkiVUpksTXH5qGATy7TNS8aam\n"
        "y9wVdadyjPqW8529zYlutgHhWDKSRib45g==\n"
        "-----END EC PRIVATE KEY-----\n";

    const auto key = Key::from_pem(kPem);

    REQUIRE(key);
    CHECK(key->is_p256());
  }

  TEST_CASE("refuses what is no key, a cut one and one with bytes after it") {
    const std::vector<std::uint8_t> whole = Key::generate().der();
    std::vector<std::uint8_t> longer = whole;
    longer.push_back(0);

    CHECK(Key::from_der({}).error().code == Errc::invalid);
    CHECK(Key::from_der(longer).error().code == Errc::invalid);
    for (std::size_t size = 0; size < whole.size(); ++size)
      CHECK_FALSE(Key::from_der(Bytes(whole).first(size)));
    CHECK_FALSE(Key::from_pem(""));
    CHECK_FALSE(Key::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
  }

  TEST_CASE("knows its certificate from another's") {
    const test::TestAuthority authority;
    const Credentials mine = authority.credentials_of("a.test");
    const Credentials other = authority.credentials_of("a.test");

    CHECK(mine.leaf.belongs_to(mine.key));
    CHECK_FALSE(mine.leaf.belongs_to(other.key));
  }

  TEST_CASE("copies share the key and outlive each other") {
    auto first = std::make_unique<Key>(Key::generate());
    const std::vector<std::uint8_t> der = first->der();
    Key copy = *first;

    first.reset();

    CHECK(copy.der() == der);
    copy = Key::generate();
    CHECK(copy.der() != der);
  }
}

}  // namespace
}  // namespace mesh::tls
