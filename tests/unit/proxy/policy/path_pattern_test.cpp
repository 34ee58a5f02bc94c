#include "proxy/policy/path_pattern.h"

#include <doctest/doctest.h>

using namespace mesh::policy;

namespace {

bool prefix_matches(std::string_view prefix, std::string_view path) {
  return PathPattern::prefix(prefix).match(path).has_value();
}

PathPattern regex(std::string_view pattern) { return PathPattern::regex(*Regex::compile(pattern)); }

}  // namespace

TEST_SUITE("policy/path_pattern") {
  TEST_CASE("exact is byte for byte") {
    const auto pattern = PathPattern::exact("/a");

    CHECK(pattern.match("/a").has_value());
    CHECK_FALSE(pattern.match("/A").has_value());
    CHECK_FALSE(pattern.match("/a/").has_value());
  }

  TEST_CASE("prefix takes whole segments and ignores trailing slashes") {
    CHECK(prefix_matches("/a", "/a"));
    CHECK(prefix_matches("/a", "/a/"));
    CHECK(prefix_matches("/a", "/a/b"));
    CHECK_FALSE(prefix_matches("/a", "/ab"));
    CHECK(prefix_matches("/a/", "/a"));
    CHECK(prefix_matches("/a//", "/a/b"));
  }

  TEST_CASE("the prefix of the root is everything") {
    for (const char* path : {"/", "/a/b", "*", ""}) CHECK(prefix_matches("/", path));
  }

  TEST_CASE("regex covers the whole path") {
    CHECK(regex("/a|/ab").match("/ab").has_value());
    CHECK(regex("/[0-9]+").match("/12").has_value());
    CHECK_FALSE(regex("/[0-9]+").match("/12/x").has_value());
  }

  TEST_CASE("exact beats prefix beats regex, and the longer the shorter") {
    const auto exact = *PathPattern::exact("/a/b").match("/a/b");
    const auto prefix = *PathPattern::prefix("/a/b").match("/a/b");
    const auto root = *PathPattern::prefix("/").match("/a/b");
    const auto pattern = *regex("/a/.*").match("/a/b");

    CHECK(exact > prefix);
    CHECK(prefix > root);
    CHECK(root > pattern);
  }

  TEST_CASE("saying nothing on the path is the prefix of the root") {
    CHECK(PathRank{} == *PathPattern::prefix("/").match("/a"));
  }

  TEST_CASE("a prefix tells how much of the path it stands for") {
    CHECK(PathPattern::prefix("/a/b/").match("/a/b/c")->length == 4);
  }
}
