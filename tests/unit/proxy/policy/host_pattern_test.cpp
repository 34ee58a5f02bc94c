#include "proxy/policy/host_pattern.h"

#include <doctest/doctest.h>

#include <vector>

using namespace mesh::policy;

namespace {

HostPattern suffix(std::vector<std::string> labels) { return HostPattern::suffix(labels); }

}  // namespace

TEST_SUITE("policy/host_pattern") {
  TEST_CASE("compares exact hosts without regard to case") {
    const auto pattern = HostPattern::exact("Web.Example.com");

    CHECK(pattern.match("web.example.COM").has_value());
    CHECK_FALSE(pattern.match("x.web.example.com").has_value());
    CHECK_FALSE(pattern.match("").has_value());
  }

  TEST_CASE("ignores one trailing dot of the host, unless the pattern has one") {
    CHECK(HostPattern::exact("web").match("web.").has_value());
    CHECK_FALSE(HostPattern::exact("web").match("web..").has_value());
    CHECK(HostPattern::exact("web.").match("web.").has_value());
    CHECK_FALSE(HostPattern::exact("web.").match("web").has_value());
    CHECK(suffix({"com"}).match("web.com.").has_value());
    CHECK(suffix({"", "com"}).match("web.com.").has_value());
    CHECK_FALSE(suffix({"", "com"}).match("web.com").has_value());
  }

  TEST_CASE("a suffix needs at least one more label") {
    const auto pattern = suffix({"com", "example"});

    CHECK(pattern.text() == "*.example.com");
    CHECK(pattern.match("a.example.com").has_value());
    CHECK(pattern.match("a.b.EXAMPLE.com").has_value());
    CHECK_FALSE(pattern.match("example.com").has_value());
    CHECK_FALSE(pattern.match("notexample.com").has_value());
    CHECK_FALSE(pattern.match(".example.com").has_value());
  }

  TEST_CASE("a suffix of nothing is any host that there is") {
    CHECK(suffix({}).match("web").has_value());
    CHECK_FALSE(suffix({}).match("").has_value());
  }

  TEST_CASE("exact is more specific than suffix, longer than shorter, any least") {
    const std::vector<HostPattern> none;
    const std::vector<HostPattern> short_suffix{suffix({"com"})};
    const std::vector<HostPattern> long_suffix{suffix({"com", "example"})};
    const std::vector<HostPattern> exact{suffix({"com"}), HostPattern::exact("a.example.com")};
    const auto rank = [](const auto& patterns) { return *match_hosts(patterns, "a.example.com"); };

    CHECK(rank(none) < rank(short_suffix));
    CHECK(rank(short_suffix) < rank(long_suffix));
    CHECK(rank(long_suffix) < rank(exact));
  }

  TEST_CASE("no pattern is any host, some patterns are only theirs") {
    const std::vector<HostPattern> none;
    const std::vector<HostPattern> web{HostPattern::exact("web")};

    CHECK(match_hosts(none, "").has_value());
    CHECK(match_hosts(web, "web").has_value());
    CHECK_FALSE(match_hosts(web, "api").has_value());
  }
}
