#include "proxy/init/port_range.h"

#include <doctest/doctest.h>

using namespace mesh::init;

TEST_SUITE("init/port_range") {
  TEST_CASE("reads a port and a range") {
    CHECK(parse_port_range("80").value() == PortRange{80, 80});
    CHECK(parse_port_range("4567-4568").value() == PortRange{4567, 4568});
    CHECK(parse_port_range("1-65535").value() == PortRange{1, 65535});
  }

  TEST_CASE("refuses what is not a port") {
    for (const char* text :
         {"", "0", "65536", "-1", "+80", " 80", "80 ", "8o", "http", "99999999999"})
      CHECK_FALSE(parse_port_range(text).has_value());
  }

  TEST_CASE("refuses what is not a range") {
    for (const char* text : {"-", "80-", "-80", "80-79", "1-2-3", "0-5", "5-65536"})
      CHECK_FALSE(parse_port_range(text).has_value());
  }

  TEST_CASE("merges what overlaps, touches or repeats, whatever the order") {
    const std::vector<PortRange> given{{90, 100}, {53, 53}, {95, 120}, {54, 60}, {53, 53}};

    CHECK(merged(given) == std::vector<PortRange>{{53, 60}, {90, 120}});
  }

  TEST_CASE("keeps apart what does not touch") {
    CHECK(merged({{1, 2}, {4, 5}}) == std::vector<PortRange>{{1, 2}, {4, 5}});
  }

  TEST_CASE("keeps a range that lies inside another from shortening it") {
    CHECK(merged({{1, 65535}, {80, 90}}) == std::vector<PortRange>{{1, 65535}});
    CHECK(merged({}).empty());
  }

  TEST_CASE("writes one port without a dash") {
    CHECK(to_text(PortRange{80, 80}) == "80");
    CHECK(to_text(PortRange{80, 90}) == "80-90");
  }
}
