#include "proxy/setting_grammar.h"

#include <doctest/doctest.h>

using namespace mesh;
using namespace mesh::settings;

TEST_SUITE("setting_grammar") {
  TEST_CASE("reads durations in every unit, with blanks around them") {
    CHECK(parse_duration("100ms") == Milliseconds(100));
    CHECK(parse_duration(" 3s ") == Milliseconds(3000));
    CHECK(parse_duration("2m") == Milliseconds(120'000));
    CHECK(parse_duration("24h") == Milliseconds(86'400'000));
    CHECK(parse_duration("1d") == Milliseconds(86'400'000));
    CHECK(parse_duration("0") == Milliseconds(0));
    CHECK(parse_duration("0s") == Milliseconds(0));
  }

  TEST_CASE("refuses durations without a unit, with decimals, signs or inner blanks") {
    for (const char* text : {"", " ", "1", "1.5s", "-1s", "+1s", "1 s", "1S", "s", "1us", "1ss",
                             "18446744073709551616ms", "9223372036854775807d"}) {
      CAPTURE(text);
      CHECK_FALSE(parse_duration(text));
    }
  }

  TEST_CASE("takes true and false, and no other word") {
    CHECK(parse_bool("true") == true);
    CHECK(parse_bool("false") == false);
    for (const char* text : {"", "True", "1", "yes", " true"}) CHECK_FALSE(parse_bool(text));
  }

  TEST_CASE("reads ratios up to a bound") {
    CHECK(parse_ratio("0.5", 1) == 0.5);
    CHECK(parse_ratio("0", 1) == 0.0);
    for (const char* text : {"", "1.1", "-0.1", "nan", "inf", "0.5x", "1e-1"})
      CHECK_FALSE(parse_ratio(text, 1));
  }

  TEST_CASE("joins ports and ranges into one sorted set") {
    const std::vector<std::uint16_t> expected = {25, 80, 8000, 8001, 8002};

    CHECK(parse_ports("8000-8002, 80,25,80,8001") == expected);
    CHECK(parse_ports("")->empty());
    CHECK(parse_ports("0-65535")->size() == 65536);
  }

  TEST_CASE("refuses port sets with holes, reversed ranges and numbers that are no ports") {
    for (const char* text : {"80,", ",80", "90-80", "65536", "a", "80-", "-80", "1-2-3"})
      CHECK_FALSE(parse_ports(text));
  }

  TEST_CASE("reads networks and bare addresses") {
    const auto networks = parse_networks("10.0.0.0/8,fd00::/8,192.168.1.1");

    REQUIRE(networks);
    REQUIRE(networks->size() == 3);
    CHECK((*networks)[0].prefix() == 8);
    CHECK((*networks)[2].contains(*net::IpAddress::parse("192.168.1.1")));
    CHECK(parse_networks("")->empty());
    CHECK_FALSE(parse_networks("10.0.0.0/33"));
    CHECK_FALSE(parse_networks("10.0.0.0/8,,fd00::/8"));
  }

  TEST_CASE("reads suffixes, where a dot is every name and nothing is none") {
    CHECK(parse_suffixes("Svc.Cluster.Local.,example.com") ==
          std::vector<std::string>{"svc.cluster.local", "example.com"});
    CHECK(parse_suffixes(".") == std::vector<std::string>{""});
    CHECK(parse_suffixes("")->empty());
    CHECK_FALSE(parse_suffixes("a b"));
    CHECK_FALSE(parse_suffixes("10.0.0.1"));
  }

  TEST_CASE("reads one or two listening addresses, of either family") {
    CHECK(parse_sockets("127.0.0.1:4140,[::1]:4140", 2)->size() == 2);
    CHECK_FALSE(parse_sockets("127.0.0.1:1,127.0.0.1:2,127.0.0.1:3", 2));
    CHECK_FALSE(parse_sockets("", 2));
    CHECK_FALSE(parse_socket("localhost:80"));
    CHECK_FALSE(parse_socket("127.0.0.1"));
  }

  TEST_CASE("reads a host with a port, by name or address") {
    CHECK(parse_host_and_port("Web.Shop.:80")->host == "web.shop.");
    CHECK(parse_host_and_port("[::1]:443")->host == "::1");
    CHECK(parse_host_and_port("10.0.0.1:8080")->port == 8080);
    for (const char* text : {"web", "web:0", ":80", "user@web:80", "", "web:http"})
      CHECK_FALSE(parse_host_and_port(text));
  }

  TEST_CASE("bounds numbers") {
    CHECK(parse_number<std::uint32_t>("4294967295") == 4294967295U);
    CHECK_FALSE(parse_number<std::uint32_t>("4294967296"));
    CHECK_FALSE(parse_number<std::uint32_t>("5", 6));
    CHECK_FALSE(parse_number<std::uint32_t>("7", 1, 6));
    CHECK_FALSE(parse_number<std::uint32_t>(""));
    CHECK_FALSE(parse_number<std::uint32_t>("-1"));
  }
}
