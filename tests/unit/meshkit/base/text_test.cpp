#include "meshkit/base/text.h"

#include <doctest/doctest.h>

#include <cstdint>

using namespace mesh;

TEST_SUITE("base/text") {
  TEST_CASE("trims blanks and tabs at the ends only") {
    CHECK(trimmed(" \ta b\t ") == "a b");
    CHECK(trimmed(" \t ").empty());
  }

  TEST_CASE("splits into all pieces, empty ones too") {
    CHECK(split("a,,b,", ',') == std::vector<std::string_view>{"a", "", "b", ""});
    CHECK(split("", ',') == std::vector<std::string_view>{""});
  }

  TEST_CASE("knows UTF-8 from what merely looks like it") {
    for (const char* good : {"", "abc", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"})
      CHECK(is_utf8(good));
    for (const char* bad : {"\x80", "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80",
                            "\xf4\x90\x80\x80", "\xf0\x80\x80\x80", "a\xff"})
      CHECK_FALSE(is_utf8(bad));
  }

  TEST_CASE("escapes for JSON and replaces what is no text") {
    std::string out;
    append_json(out, "a\"\\\n\x7f\xc3\xa9\xff");
    CHECK(out == "a\\\"\\\\\\u000a\\u007f\xc3\xa9\xef\xbf\xbd");
  }

  TEST_CASE("reads decimals that fit and are nothing else") {
    CHECK(parse_decimal<std::uint16_t>("65535") == 65535);
    for (const char* bad : {"", "65536", "-1", "+1", " 1", "1 ", "0x1"})
      CHECK_FALSE(parse_decimal<std::uint16_t>(bad));
  }
}
