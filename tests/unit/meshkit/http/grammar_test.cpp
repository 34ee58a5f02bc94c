#include "meshkit/http/grammar.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace mesh::http {

using namespace std::string_view_literals;

TEST_SUITE("http/grammar") {
  TEST_CASE("a token has no blank, no control character and no separator") {
    for (const auto good : {"GET"sv, "x-y_z"sv, "!#$%&'*+-.^_`|~09azAZ"sv}) CHECK(is_token(good));
    for (const auto bad : {""sv, "a b"sv, "a\t"sv, "a:"sv, "a,b"sv, "a\0b"sv, "\x7f"sv, "\xe9"sv,
                           "(a)"sv, "a/b"sv, "a\r"sv})
      CHECK_FALSE(is_token(bad));
  }

  TEST_CASE("a field value has no control character but tab, wherever it stands") {
    for (const auto good : {""sv, "a b\tc"sv, "\x80\xff"sv, "12345678\t9"sv, "\x80~!\xfe 345678"sv})
      CHECK(is_field_value(good));
    for (int c = 0; c < 256; ++c) {
      for (std::size_t at = 0; at < 19; ++at) {
        std::string text(19, 'x');
        text[at] = static_cast<char>(c);
        const bool is_good = c == '\t' || (c >= 0x20 && c != 0x7f);
        CAPTURE(c);
        REQUIRE(is_field_value(text) == is_good);
      }
    }
  }

  TEST_CASE("a target is visible ASCII without a fragment") {
    for (const auto good : {""sv, "/a?b=c"sv, "/\"<>\\^`{|}"sv, "*"sv}) CHECK(is_target_text(good));
    for (const auto bad : {"/a b"sv, "/a#b"sv, "/\xc3\xa9"sv, "/\t"sv, "/\x7f"sv, "/\0"sv})
      CHECK_FALSE(is_target_text(bad));
  }

  TEST_CASE("an authority is a host and perhaps a port") {
    for (const auto good : {"a"sv, "a.b-c_d:80"sv, "0.0.0.0=5000"sv, "[::1]"sv,
                            "[::ffff:1.2.3.4]:8080"sv, "a:0"sv, "a:65535"sv, "h%41"sv})
      CHECK(is_authority(good));
    for (const auto bad :
         {""sv,        ":80"sv,    "a:"sv,     "a:65536"sv, "a:999999"sv, "a:8o"sv, "a:+80"sv,
          "a:80:90"sv, "a b"sv,    "a,b"sv,    "a/b"sv,     "u@a"sv,      "[::1"sv, "[]"sv,
          "[::1]x"sv,  "[::1]:"sv, "[g::1]"sv, "::1"sv,     "a\\b"sv,     "a?"sv,   "\xc3\xa9"sv})
      CHECK_FALSE(is_authority(bad));
    CHECK(is_authority_with_port("a:443"));
    CHECK(is_authority_with_port("[::1]:443"));
    CHECK_FALSE(is_authority_with_port("a"));
    CHECK_FALSE(is_authority_with_port("[::1]"));
  }

  TEST_CASE("compares without case and trims blanks") {
    CHECK(equals_ignoring_case("ChunKED", "chunked"));
    CHECK_FALSE(equals_ignoring_case("chunke", "chunked"));
    CHECK_FALSE(equals_ignoring_case("chunke\x64\x01", "chunked"));
    CHECK_FALSE(equals_ignoring_case("@", "`"));
    CHECK(trim_blanks(" \t a b\t ") == "a b");
    CHECK(trim_blanks(" \t").empty());
  }

  TEST_CASE("visits the items of a list until told to stop") {
    std::vector<std::string_view> seen;
    const auto collect = [&seen](std::string_view item) {
      seen.push_back(item);
      return item != "stop";
    };

    CHECK(for_each_item(" a ,, b\t,c , ", collect));
    CHECK_FALSE(for_each_item("d,stop,e", collect));
    CHECK(for_each_item("", collect));

    CHECK(seen == std::vector<std::string_view>{"a", "b", "c", "d", "stop"});
  }
}

}  // namespace mesh::http
