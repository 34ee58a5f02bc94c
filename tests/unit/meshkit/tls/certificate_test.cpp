#include "meshkit/tls/certificate.h"

#include <doctest/doctest.h>
#include <openssl/nid.h>
#include <openssl/x509.h>

#include <string>
#include <utility>
#include <vector>

#include "meshkit/tls/identity_name.h"
#include "meshkit/tls/issuer.h"
#include "meshkit/tls/key.h"
#include "tests/support/certs.h"

namespace mesh::tls {
namespace {

struct Name {
  int type;
  std::string value;
};

// A certificate with exactly these alternative names, legal or not; its signature is its own.
Certificate certificate_with(const std::vector<Name>& names, std::string_view common_name = "") {
  const Key key = Key::generate();
  const Issuer root =
      Issuer::make_root(common_name.empty() ? "x" : common_name, test::long_validity());
  const bssl::UniquePtr<X509> certificate(X509_dup(root.certificate().raw()));
  const bssl::UniquePtr<GENERAL_NAMES> list(GENERAL_NAMES_new());
  for (const Name& name : names) {
    bssl::UniquePtr<GENERAL_NAME> entry(GENERAL_NAME_new());
    auto* value =
        ASN1_STRING_type_new(name.type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
    REQUIRE(ASN1_STRING_set(value, name.value.data(),
                            static_cast<ossl_ssize_t>(name.value.size())) == 1);
    GENERAL_NAME_set0_value(entry.get(), name.type, value);
    REQUIRE(bssl::PushToStack(list.get(), std::move(entry)));
  }
  REQUIRE(X509_add1_ext_i2d(certificate.get(), NID_subject_alt_name, list.get(), 0,
                            X509V3_ADD_REPLACE) == 1);
  REQUIRE(X509_sign(certificate.get(), root.key().raw(), EVP_sha256()) != 0);
  return Certificate::from_raw(Ref<X509>::share(certificate.get()));
}

std::vector<std::string> identities_of(const std::vector<Name>& names) {
  return certificate_with(names).identities();
}

using Identities = std::vector<std::string>;

TEST_SUITE("tls/certificate") {
  TEST_CASE("takes DNS names and URIs for identities, in their order") {
    CHECK(identities_of({{GEN_DNS, "web.ns.test"}}) == Identities{"web.ns.test"});
    CHECK(identities_of({{GEN_URI, "spiffe://root/ns/web"}}) == Identities{"spiffe://root/ns/web"});
    CHECK(identities_of({{GEN_URI, "spiffe://a/b"}, {GEN_DNS, "c.test"}, {GEN_DNS, "d.test"}}) ==
          Identities{"spiffe://a/b", "c.test", "d.test"});
  }

  TEST_CASE("skips addresses, mail and names that are none") {
    CHECK(identities_of({}).empty());
    CHECK(identities_of({{GEN_IPADD, std::string("\x0a\x01\x02\x03", 4)},
                         {GEN_EMAIL, "who@web.test"},
                         {GEN_DNS, "rooted.test."},
                         {GEN_DNS, "*.wild.test"},
                         {GEN_DNS, ""},
                         {GEN_DNS, "two..dots"},
                         {GEN_DNS, "-dash.test"},
                         {GEN_DNS, "10.1.2.3"},
                         {GEN_DNS, "spa ce.test"},
                         {GEN_DNS, std::string("nul\0.test", 9)},
                         {GEN_DNS, std::string(64, 'a') + ".test"},
                         {GEN_URI, "no-scheme"},
                         {GEN_URI, ""},
                         {GEN_URI, "spiffe://with space"},
                         {GEN_URI, "1st://digit"},
                         {GEN_DNS, "first.usable.test"}}) == Identities{"first.usable.test"});
  }

  TEST_CASE("lower-cases DNS names and leaves URIs as they are") {
    const Certificate certificate =
        certificate_with({{GEN_DNS, "Web.TEST"}, {GEN_URI, "spiffe://A/B"}});

    CHECK(certificate.names("web.test"));
    CHECK_FALSE(certificate.names("Web.TEST"));
    CHECK(certificate.names("spiffe://A/B"));
    CHECK_FALSE(certificate.names("spiffe://a/b"));
  }

  TEST_CASE("never takes the common name for an identity") {
    const Certificate certificate = certificate_with({}, "web.test");

    CHECK(certificate.common_name() == "web.test");
    CHECK(certificate.identity().empty());
    CHECK_FALSE(certificate.names("web.test"));
  }

  TEST_CASE("names only what it names whole") {
    const Certificate certificate = certificate_with({{GEN_DNS, "web.test"}});

    CHECK(certificate.identity() == "web.test");
    CHECK_FALSE(certificate.names(""));
    CHECK_FALSE(certificate.names("eb.test"));
    CHECK_FALSE(certificate.names("web.tes"));
    CHECK_FALSE(certificate.names("a.web.test"));
  }

  TEST_CASE("tells its validity") {
    const test::TestAuthority authority;
    const Certificate leaf = authority.credentials_of("a.test").leaf;

    CHECK(leaf.not_before() == test::long_validity().not_before);
    CHECK(leaf.not_after() == test::long_validity().not_after);
    CHECK_FALSE(leaf.is_authority());
    CHECK(authority.root().certificate().is_authority());
  }

  TEST_CASE("clamps a validity that the clock cannot hold") {
    using namespace std::chrono_literals;
    const Certificate root = Issuer::make_root("long", test::long_validity()).certificate();
    const bssl::UniquePtr<X509> certificate(X509_dup(root.raw()));
    REQUIRE(ASN1_TIME_set_posix(X509_getm_notAfter(certificate.get()), 253402300799) != nullptr);

    const Certificate endless = Certificate::from_raw(Ref<X509>::share(certificate.get()));

    CHECK(endless.not_after() > WallTime(std::chrono::sys_days{2200y / 1 / 1}));
  }

  TEST_CASE("survives the way through DER and PEM") {
    const Certificate leaf = test::TestAuthority().credentials_of("a.test").leaf;

    const auto from_der = Certificate::from_der(leaf.der());
    const auto from_pem = Certificate::all_from_pem(leaf.pem());

    REQUIRE(from_der);
    REQUIRE(from_pem);
    CHECK(from_der->der() == leaf.der());
    REQUIRE(from_pem->size() == 1);
    CHECK(from_pem->front().der() == leaf.der());
  }

  TEST_CASE("reads a bundle of several and skips other blocks and text") {
    const test::TestAuthority one;
    const test::TestAuthority two;
    const std::string bundle = "the first\n" + one.root().certificate().pem() +
                               Key::generate().pem() + two.root().certificate().pem() + "\n\n";

    const auto all = Certificate::all_from_pem(bundle);

    REQUIRE(all);
    REQUIRE(all->size() == 2);
    CHECK((*all)[0].der() == one.root().certificate().der());
    CHECK((*all)[1].der() == two.root().certificate().der());
  }

  TEST_CASE("refuses an empty bundle and one with a broken block") {
    const std::string good = test::TestAuthority().root().certificate().pem();
    std::string broken = good;
    broken[100] = '!';

    CHECK(Certificate::all_from_pem("").error().code == Errc::invalid);
    CHECK(Certificate::all_from_pem("nothing here").error().code == Errc::invalid);
    CHECK_FALSE(Certificate::all_from_pem(broken));
    CHECK_FALSE(Certificate::all_from_pem(good + broken));
    CHECK_FALSE(Certificate::all_from_pem(good + good.substr(0, good.size() / 2)));
  }

  TEST_CASE("refuses cut DER and bytes after it") {
    std::vector<std::uint8_t> der = test::TestAuthority().root().certificate().der();

    for (std::size_t size = 0; size < der.size(); ++size)
      CHECK_FALSE(Certificate::from_der(Bytes(der).first(size)));
    der.push_back(0);
    CHECK_FALSE(Certificate::from_der(der));
  }
}

}  // namespace
}  // namespace mesh::tls
