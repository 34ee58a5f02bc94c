#include "proxy/policy/query_pattern.h"

#include <doctest/doctest.h>

using namespace mesh::policy;

namespace {

bool matches(const char* name, const char* value, std::string_view query) {
  return QueryPattern(name, ValuePattern(std::string(value))).matches(query);
}

}  // namespace

TEST_SUITE("policy/query_pattern") {
  TEST_CASE("any occurrence of the parameter may match") {
    CHECK(matches("a", "1", "a=1"));
    CHECK(matches("a", "2", "x=0&a=1&a=2"));
    CHECK_FALSE(matches("a", "2", "a=1&b=2"));
    CHECK_FALSE(matches("a", "1", ""));
    CHECK_FALSE(matches("a", "1", "aa=1"));
  }

  TEST_CASE("a parameter without a value has the empty one") {
    CHECK(matches("a", "", "a"));
    CHECK(matches("a", "", "b=1&a="));
    CHECK_FALSE(matches("a", "", "b="));
  }

  TEST_CASE("decodes names and values") {
    CHECK(matches("a b", "c d", "a+b=c%20d"));
    CHECK(matches("a", "&=", "a=%26%3D"));
    CHECK(matches("a", "=", "a=="));
  }

  TEST_CASE("a percent sign that begins no escape stays itself") {
    CHECK(matches("a", "100%", "a=100%"));
    CHECK(matches("a", "%zz", "a=%zz"));
    CHECK(matches("a", "%2", "a=%2"));
  }

  TEST_CASE("decodes values longer than the buffer on the stack") {
    const std::string value(2000, 'x');

    CHECK(matches("a", (value + ' ').c_str(), "a=" + value + "+"));
  }

  TEST_CASE("a regex covers the whole decoded value") {
    const QueryPattern pattern("v", ValuePattern(*Regex::compile("[a-c ]+")));

    CHECK(pattern.matches("v=a+b%20c"));
    CHECK_FALSE(pattern.matches("v=abcd"));
  }
}
