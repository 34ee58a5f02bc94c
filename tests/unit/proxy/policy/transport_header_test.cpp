#include "proxy/policy/transport_header.h"

#include <doctest/doctest.h>

#include <string>

using namespace mesh;
using namespace mesh::policy;

namespace {

// The framing around a body, without a look at the body.
std::string framed(std::string_view body, std::uint32_t length) {
  std::uint8_t size[4];
  store_be32(size, length);
  return "transport.l5d.io/v1\r\n\r\n" + std::string(as_text(size)) + std::string(body);
}
std::string framed(std::string_view body) {
  return framed(body, static_cast<std::uint32_t>(body.size()));
}

bool is_refused(const std::string& arrived) {
  return !decode_transport_header(as_bytes(arrived)).has_value();
}

}  // namespace

TEST_SUITE("policy/transport_header") {
  TEST_CASE("has the bytes that other proxies expect") {
    const std::string encoded = encode({4143, "web", SessionProtocol::http2});

    CHECK(encoded == framed(std::string("\x08\xaf\x20\x12\x03web\x1a\x02\x12\x00", 12)));
  }

  TEST_CASE("reads what it wrote") {
    for (const TransportHeader& header :
         {TransportHeader{1, "", SessionProtocol::opaque},
          TransportHeader{65535, "", SessionProtocol::http1},
          TransportHeader{80, "web.shop.svc.cluster.local", SessionProtocol::http2}}) {
      const std::string encoded = encode(header);
      const auto decoded = decode_transport_header(as_bytes(encoded));

      REQUIRE(decoded.has_value());
      CHECK(decoded->header == header);
      CHECK(decoded->size == encoded.size());
    }
  }

  TEST_CASE("needs more at every byte before the last") {
    const std::string encoded = encode({80, "web", SessionProtocol::http1});

    for (std::size_t size = 0; size < encoded.size(); ++size) {
      const auto decoded = decode_transport_header(as_bytes(encoded).first(size));
      REQUIRE(decoded.has_value());
      CHECK(decoded->size == 0);
    }
  }

  TEST_CASE("leaves the bytes after it to the application") {
    const std::string encoded = encode({80, "", SessionProtocol::opaque});
    const auto decoded = decode_transport_header(as_bytes(encoded + "hello"));

    REQUIRE(decoded.has_value());
    CHECK(decoded->size == encoded.size());
  }

  TEST_CASE("refuses another beginning at its first wrong byte") {
    CHECK(is_refused("G"));
    CHECK(is_refused("transport.l5d.io/v2"));
    CHECK(is_refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  }

  TEST_CASE("refuses ports that are none") {
    CHECK(is_refused(framed("")));                                              // absent is 0
    CHECK(is_refused(framed(std::string("\x08\x00", 2))));                      // 0
    CHECK(is_refused(framed(std::string("\x08\x80\x80\x04", 4))));              // 65536
    CHECK(is_refused(framed("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")));  // -1
  }

  TEST_CASE("refuses names that are no DNS names") {
    CHECK(
        is_refused(framed("\x08\x50\x12\x03"
                          "a b")));
    CHECK(
        is_refused(framed("\x08\x50\x12\x08"
                          "10.0.0.1")));
  }

  TEST_CASE("refuses what is no message") { CHECK(is_refused(framed("\x08"))); }

  TEST_CASE("tolerates fields it does not know") {
    const std::string arrived = framed("\x08\x50\x7a\x01x");
    const auto decoded = decode_transport_header(as_bytes(arrived));

    REQUIRE(decoded.has_value());
    CHECK(decoded->header.port == 80);
    CHECK(decoded->size == arrived.size());
  }

  TEST_CASE("refuses a length beyond the bound without waiting for the bytes") {
    const auto decoded = decode_transport_header(as_bytes(framed("", kMaxTransportHeader - 26)));

    REQUIRE_FALSE(decoded.has_value());
    CHECK(decoded.error().code == Errc::limit);
    CHECK(is_refused(framed("", 0xffffffff)));
    CHECK(decode_transport_header(as_bytes(framed("", kMaxTransportHeader - 27))).has_value());
  }
}
