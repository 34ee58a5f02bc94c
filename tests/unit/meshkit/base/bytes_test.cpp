#include "meshkit/base/bytes.h"

#include <doctest/doctest.h>

namespace mesh {
namespace {

TEST_SUITE("base/bytes") {
  TEST_CASE("stores and loads big-endian") {
    std::uint8_t raw[4];

    store_be32(raw, 0x8899aabb);
    CHECK(raw[0] == 0x88);
    CHECK(raw[3] == 0xbb);
    CHECK(load_be32(raw) == 0x8899aabb);
    store_be16(raw, 0xfeff);

    CHECK(raw[0] == 0xfe);
    CHECK(load_be16(raw) == 0xfeff);
  }

  TEST_CASE("text and bytes are views of the same memory") {
    const std::string_view text = "abc";

    CHECK(as_text(as_bytes(text)).data() == text.data());
    CHECK(as_bytes(text).size() == 3);
  }
}

}  // namespace
}  // namespace mesh
