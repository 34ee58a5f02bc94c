#include "proxy/policy/regex.h"

#include <doctest/doctest.h>

#include <string>

using namespace mesh::policy;

TEST_SUITE("policy/regex") {
  TEST_CASE("covers the whole text") {
    const auto regex = *Regex::compile("a+");

    CHECK(regex.matches("aaa"));
    CHECK_FALSE(regex.matches("aab"));
    CHECK_FALSE(regex.matches(""));
  }

  TEST_CASE("refuses what does not compile, with the reason") {
    const auto regex = Regex::compile("(");

    REQUIRE_FALSE(regex.has_value());
    CHECK(regex.error().reason.find("missing") != std::string::npos);
  }

  TEST_CASE("refuses look-around and back-references, which cannot be linear") {
    CHECK_FALSE(Regex::compile("(?=a)").has_value());
    CHECK_FALSE(Regex::compile("(a)\\1").has_value());
  }

  TEST_CASE("refuses what would need too much memory") {
    CHECK(Regex::compile("\\pL{50}").has_value());
    CHECK_FALSE(Regex::compile("\\pL{200}").has_value());
    CHECK_FALSE(Regex::compile("((a{500}){500}){500}").has_value());
  }

  TEST_CASE("copies live on their own") {
    auto original = std::make_unique<Regex>(*Regex::compile("a|b"));
    const Regex copy = *original;
    original.reset();

    CHECK(copy.pattern() == "a|b");
    CHECK(copy.matches("b"));
  }

  TEST_CASE("patterns that make others backtrack stay fast") {
    const auto regex = *Regex::compile("(a|a)*b");

    CHECK_FALSE(regex.matches(std::string(10'000, 'a')));
  }
}
