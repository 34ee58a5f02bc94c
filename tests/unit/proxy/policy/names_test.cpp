#include "proxy/policy/names.h"

#include <doctest/doctest.h>

using namespace mesh::policy;

TEST_SUITE("policy/names") {
  TEST_CASE("knows DNS names, with underscores and a trailing dot") {
    for (const char* name : {"web", "web.shop.svc.cluster.local", "a.b.", "_grpc._tcp.x", "1-a.2"})
      CHECK(is_dns_name(name));
  }

  TEST_CASE("knows what is no DNS name") {
    const std::string long_label(64, 'a');
    std::string long_name;
    for (int i = 0; i < 127; ++i) long_name += "a.";
    long_name += "aa";
    for (const std::string& name :
         {std::string(""), std::string("."), std::string("a..b"), std::string("-a"),
          std::string("a-"), std::string("a b"), std::string("10.0.0.1"), std::string("::1"),
          std::string("web:80"), long_label, long_name})
      CHECK_FALSE(is_dns_name(name));
  }

  TEST_CASE("knows URIs") {
    CHECK(is_uri("spiffe://cluster.local/ns/shop/sa/web"));
    for (const char* text : {"", "spiffe:", ":x", "web.shop", "1a:b", "spiffe://a b"})
      CHECK_FALSE(is_uri(text));
  }

  TEST_CASE("takes authorities apart") {
    CHECK(parse_authority("web:80")->host == "web");
    CHECK(parse_authority("web:80")->port == 80);
    CHECK(parse_authority("web")->port == 0);
    CHECK(parse_authority("user@web:80")->host == "web");
    CHECK(parse_authority("[::1]:443")->host == "::1");
    CHECK(parse_authority("[::1]:443")->port == 443);
    CHECK(parse_authority("10.0.0.1")->host == "10.0.0.1");
  }

  TEST_CASE("refuses authorities that are none") {
    for (const char* text : {"", ":80", "web:", "web:0", "web:65536", "web:8x", "[::1", "[web]:80",
                             "[10.0.0.1]:80", "[::1]80", "a b", "::1"})
      CHECK_FALSE(parse_authority(text).has_value());
  }

  TEST_CASE("finds the host for matching, whatever else is wrong") {
    CHECK(host_of("web.shop:80") == "web.shop");
    CHECK(host_of("web.shop:nonsense") == "web.shop");
    CHECK(host_of("[fd00::1]:80") == "fd00::1");
    CHECK(host_of("").empty());
    CHECK(host_of("[broken").empty());
  }

  TEST_CASE("reads destinations as name and port only") {
    CHECK(parse_name_and_port("Web.Shop:80")->text() == "web.shop:80");
    for (const char* text : {"web", "web:", "web:0", "10.0.0.1:80", "[::1]:80", ":80", "a b:80"})
      CHECK_FALSE(parse_name_and_port(text).has_value());
  }
}
