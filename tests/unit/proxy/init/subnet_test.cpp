#include "proxy/init/subnet.h"

#include <doctest/doctest.h>

using namespace mesh::init;

namespace {

std::string normal(const char* text) {
  const auto subnet = parse_subnet(text);
  return subnet ? to_text(*subnet) : "refused";
}

}  // namespace

TEST_SUITE("init/subnet") {
  TEST_CASE("reads networks and bare addresses of both versions") {
    CHECK(normal("10.0.0.0/8") == "10.0.0.0/8");
    CHECK(normal("192.168.1.1") == "192.168.1.1");
    CHECK(normal("192.168.1.1/32") == "192.168.1.1");
    CHECK(normal("fd00::/8") == "fd00::/8");
    CHECK(normal("::1") == "::1");
    CHECK(normal("0.0.0.0/0") == "0.0.0.0/0");
    CHECK(normal("::/0") == "::/0");
  }

  TEST_CASE("clears the bits after the prefix") {
    CHECK(normal("10.1.2.3/8") == "10.0.0.0/8");
    CHECK(normal("192.168.255.255/17") == "192.168.128.0/17");
    CHECK(normal("fd00:ffff::1/12") == "fd00::/12");
    CHECK(normal("fe80::1/63") == "fe80::/63");
  }

  TEST_CASE("refuses what is not an address or a prefix length") {
    for (const char* text :
         {"", "/", "10.0.0.0/", "10.0.0/8", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.0.0.0/8/8",
          "10.0.0.256", "fd00::g", "localhost", "10.0.0.0/+8", "10.0.0.0/256", "fe80::1%eth0"})
      CHECK(normal(text) == "refused");
  }

  TEST_CASE("makes the netmask of any prefix") {
    CHECK(netmask(0)[0] == 0x00);
    CHECK(netmask(1)[0] == 0x80);
    CHECK(netmask(8)[0] == 0xff);
    CHECK(netmask(8)[1] == 0x00);
    CHECK(netmask(17)[2] == 0x80);
    CHECK(netmask(127)[15] == 0xfe);
    CHECK(netmask(128)[15] == 0xff);
  }

  TEST_CASE("sorts IPv4 before IPv6 and keeps each subnet once") {
    std::vector<Subnet> given;
    for (const char* text : {"fd00::/8", "10.0.0.0/8", "10.9.9.9/8", "10.0.0.0/16", "1.1.1.1"})
      given.push_back(parse_subnet(text).value());

    std::string order;
    for (const Subnet& subnet : sorted(given)) order += to_text(subnet) + " ";

    CHECK(order == "1.1.1.1 10.0.0.0/8 10.0.0.0/16 fd00::/8 ");
  }
}
