#include "meshkit/http/h2_head_reader.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace mesh;
using namespace mesh::http;

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

const Fields kGet = {
    {":method", "GET"}, {":scheme", "http"}, {":path", "/a?b"}, {":authority", "web:80"}};

Fields with(Fields fields, const Fields& more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

// The fault; "" when there is none.
std::string fault_of(H2HeadKind kind, const Fields& fields) {
  BlockPool pool;
  H2HeadReader reader(pool, 4096);
  reader.begin(kind);
  for (const auto& [name, value] : fields) reader.add(name, value);
  const bool is_fine = reader.finish();
  CHECK(is_fine == (reader.fault() == nullptr));
  return reader.fault() == nullptr ? "" : reader.fault();
}
std::string request_fault(const Fields& fields) { return fault_of(H2HeadKind::request, fields); }

}  // namespace

TEST_SUITE("http/h2_head_reader") {
  TEST_CASE("a well-formed request is taken as it is") {
    BlockPool pool;
    H2HeadReader reader(pool, 4096);
    reader.begin(H2HeadKind::request);
    for (const auto& [name, value] :
         with(kGet, {{"te", "trailers"}, {"content-length", "12"}, {"x-a", ""}, {"x-a", "b"}}))
      reader.add(name, value);

    REQUIRE(reader.finish());
    CHECK(reader.head().version == Version::http2);
    CHECK(reader.head().method() == "GET");
    CHECK(reader.head().path() == "/a?b");
    CHECK(reader.head().authority() == "web:80");
    CHECK(reader.head().size() == 4);
    CHECK(reader.content_length() == 12);
  }

  TEST_CASE("pseudo-fields are known, in front, once, complete and not empty") {
    CHECK(request_fault(kGet).empty());
    CHECK(request_fault(with(kGet, {{":method", "GET"}})) == "repeated_pseudo_field");
    CHECK(request_fault(with({{"x", "y"}}, kGet)) == "pseudo_field_late");
    CHECK(request_fault(with(kGet, {{":status", "200"}})) == "unknown_pseudo_field");
    CHECK(request_fault(with(kGet, {{":other", "x"}})) == "unknown_pseudo_field");
    for (std::size_t left_out = 0; left_out < kGet.size(); ++left_out) {
      Fields fields = kGet;
      fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(left_out));
      CHECK(request_fault(fields).starts_with("missing_"));
      Fields empty = kGet;
      empty[left_out].second.clear();
      CHECK(request_fault(empty) == "bad_pseudo_field");
    }
  }

  TEST_CASE("what would break an HTTP/1 request line is refused") {
    for (const char* path : {"/a b", "/a\r\nx: y", "/\x7f", "/a#b", "/\x01"}) {
      Fields fields = kGet;
      fields[2].second = path;
      CHECK(request_fault(fields) == "bad_pseudo_field");
    }
    for (const char* path : {"a", "http://other/", "*"}) {
      Fields fields = kGet;
      fields[2].second = path;
      CHECK(request_fault(fields) == "bad_path");
    }
    for (const char* method : {"GE T", "GET\r", "G\"T"}) {
      Fields fields = kGet;
      fields[0].second = method;
      CHECK(request_fault(fields) == "bad_pseudo_field");
    }
    for (const char* authority : {"a b", "user@web", "a\r\n", "a/b", "a,b"}) {
      Fields fields = kGet;
      fields[3].second = authority;
      CHECK(request_fault(fields) == "bad_pseudo_field");
    }
  }

  TEST_CASE("OPTIONS * and CONNECT have their own form") {
    CHECK(request_fault(
              {{":method", "OPTIONS"}, {":scheme", "http"}, {":path", "*"}, {":authority", "web"}})
              .empty());
    CHECK(request_fault({{":method", "CONNECT"}, {":authority", "db:5432"}}).empty());
    CHECK(request_fault({{":method", "CONNECT"}, {":authority", "db"}}) == "bad_connect");
    CHECK(request_fault({{":method", "CONNECT"}, {":authority", "db:1"}, {":path", "/"}}) ==
          "bad_connect");
    CHECK(request_fault({{":method", "CONNECT"},
                         {":protocol", "websocket"},
                         {":scheme", "http"},
                         {":path", "/chat"},
                         {":authority", "web"}})
              .empty());
    CHECK(request_fault(with(kGet, {{":protocol", "websocket"}})) == "protocol_without_connect");
  }

  TEST_CASE("names are lower-case tokens") {
    CHECK(request_fault(with(kGet, {{"X-A", "1"}})) == "uppercase_name");
    for (const char* name : {"", "a b", "a:b", "a\r", "\xc3\xa9"})
      CHECK(request_fault(with(kGet, {{name, "1"}})) == "bad_name");
  }

  TEST_CASE("values have no CR, LF, NUL or outer blanks") {
    for (const std::string& value :
         {std::string("a\rb"), std::string("a\nb"), std::string("a\0b", 3), std::string("\x7f")})
      CHECK(request_fault(with(kGet, {{"x", value}})) == "bad_value");
    for (const char* value : {" a", "a ", "\ta", "a\t"})
      CHECK(request_fault(with(kGet, {{"x", value}})) == "blank_around_value");
    CHECK(request_fault(with(kGet, {{"x", "a \t b\xff"}})).empty());
  }

  TEST_CASE("connection-specific fields are refused, te but for trailers") {
    for (const char* name :
         {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"})
      CHECK(request_fault(with(kGet, {{name, "x"}})) == "connection_field");
    CHECK(request_fault(with(kGet, {{"te", "gzip"}})) == "bad_te");
    CHECK(request_fault(with(kGet, {{"te", "trailers, gzip"}})) == "bad_te");
  }

  TEST_CASE("lengths are one decimal number") {
    CHECK(request_fault(with(kGet, {{"content-length", "5"}, {"content-length", "5"}})) ==
          "two_lengths");
    for (const char* value : {"", "-1", "+1", "0x1", "1,1", "9999999999999999999", "1 1"})
      CHECK(request_fault(with(kGet, {{"content-length", value}})) == "bad_length");
  }

  TEST_CASE("host must agree with :authority, or stands for it") {
    CHECK(request_fault(with(kGet, {{"host", "WEB:80"}})).empty());
    CHECK(request_fault(with(kGet, {{"host", "web"}})) == "host_conflict");
    CHECK(request_fault(with(kGet, {{"host", "web:80"}, {"host", "web:80"}})) == "two_hosts");
    const Fields bare = {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}};
    CHECK(request_fault(with(bare, {{"host", "web"}})).empty());
    CHECK(request_fault(with(bare, {{"host", "a b"}})) == "bad_host");

    BlockPool pool;
    H2HeadReader reader(pool, 4096);
    reader.begin(H2HeadKind::request);
    for (const auto& [name, value] : with(bare, {{"host", "web"}})) reader.add(name, value);
    REQUIRE(reader.finish());
    CHECK(reader.head().authority() == "web");
    CHECK(reader.head().size() == 0);
  }

  TEST_CASE("cookie crumbs become one field") {
    BlockPool pool;
    H2HeadReader reader(pool, 4096);
    reader.begin(H2HeadKind::request);
    for (const auto& [name, value] : with(kGet, {{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}}))
      reader.add(name, value);

    REQUIRE(reader.finish());
    CHECK(reader.head().find("cookie") == "a=1; b=2");
    CHECK(reader.head().size() == 2);
  }

  TEST_CASE("a response has one status of three digits, not 101") {
    const auto fault = [](const Fields& fields) { return fault_of(H2HeadKind::response, fields); };
    CHECK(fault({{":status", "200"}, {"content-length", "3"}}).empty());
    CHECK(fault({{"x", "y"}}) == "missing_pseudo_field");
    for (const char* status : {"", "20", "2000", "abc", "099", "101", "+20"})
      CHECK(fault({{":status", status}}) == "bad_pseudo_field");
    CHECK(fault({{":status", "200"}, {":path", "/"}}) == "unknown_pseudo_field");
    CHECK(fault({{":status", "204"}, {"content-length", "0"}}).empty());
    CHECK(fault({{":status", "204"}, {"content-length", "1"}}) == "length_without_body");
    CHECK(fault({{":status", "103"}, {"content-length", "1"}}) == "length_without_body");
  }

  TEST_CASE("trailers have no pseudo-field and no framing") {
    const auto fault = [](const Fields& fields) { return fault_of(H2HeadKind::trailers, fields); };
    CHECK(fault({{"grpc-status", "0"}}).empty());
    CHECK(fault({{":status", "200"}}) == "pseudo_field_in_trailers");
    CHECK(fault({{"content-length", "1"}}) == "framing_field_in_trailers");
    CHECK(fault({{"host", "a"}}) == "framing_field_in_trailers");
    CHECK(fault({{"transfer-encoding", "chunked"}}) == "connection_field");
  }

  TEST_CASE("a head above the limit is too large, far above it a bomb") {
    BlockPool pool;
    H2HeadReader reader(pool, 1000);
    reader.begin(H2HeadKind::request);
    for (const auto& [name, value] : kGet) reader.add(name, value);
    reader.add("x", std::string(1000, 'x'));
    CHECK(reader.is_too_large());
    CHECK_FALSE(reader.is_bomb());
    CHECK_FALSE(reader.finish());
    CHECK(reader.fault() == nullptr);
    for (int i = 0; i < 16; ++i) reader.add("x", std::string(1000, 'x'));
    CHECK(reader.is_bomb());

    reader.begin(H2HeadKind::request);
    for (const auto& [name, value] : kGet) reader.add(name, value);
    CHECK(reader.finish());
  }
}
