#pragma once
// HTTP/2 frames as bytes, for tests that speak to a connection without a library between.

#include <cstdint>
#include <string>
#include <string_view>

#include "meshkit/base/bytes.h"

namespace mesh::http::test {

inline constexpr std::uint8_t kData = 0, kHeaders = 1, kPriority = 2, kResetStream = 3,
                              kSettings = 4, kPushPromise = 5, kPing = 6, kGoaway = 7,
                              kWindowUpdate = 8, kContinuation = 9;
inline constexpr std::uint8_t kEndStream = 0x1, kAck = 0x1, kEndHeaders = 0x4, kPadded = 0x8;

inline std::string be32(std::uint32_t value) {
  std::uint8_t bytes[4];
  store_be32(bytes, value);
  return std::string(as_text(bytes));
}

inline std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                         std::string_view payload) {
  std::string out = be32(static_cast<std::uint32_t>(payload.size()) << 8 | type);
  out.push_back(static_cast<char>(flags));
  return out + be32(stream) + std::string(payload);
}

inline std::string window_update(std::uint32_t stream, std::uint32_t increment) {
  return frame(kWindowUpdate, 0, stream, be32(increment));
}
inline std::string priority(std::uint32_t stream, std::uint32_t depends_on) {
  return frame(kPriority, 0, stream, be32(depends_on) + '\x10');
}
inline std::string reset_stream(std::uint32_t stream, std::uint32_t code = 8) {
  return frame(kResetStream, 0, stream, be32(code));
}
inline std::string preface() {
  return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(kSettings, 0, 0, "");
}

// A field without indexing or Huffman code; up to 126 bytes each.
inline std::string field(std::string_view name, std::string_view value) {
  std::string out(1, '\0');
  out.push_back(static_cast<char>(name.size()));
  out.append(name);
  out.push_back(static_cast<char>(value.size()));
  return out.append(value);
}
inline std::string get_fields() {
  return field(":method", "GET") + field(":scheme", "http") + field(":path", "/") +
         field(":authority", "a");
}
inline std::string get(std::uint32_t stream, std::uint8_t flags = kEndStream | kEndHeaders) {
  return frame(kHeaders, flags, stream, get_fields());
}

// The frames in `bytes`, one after the other: "type flags stream length" of the first that matches
// is what tests look for.
struct SeenFrame {
  std::uint8_t type;
  std::uint8_t flags;
  std::uint32_t stream;
  std::string payload;
  std::uint32_t number(std::size_t at) const {
    return load_be32(reinterpret_cast<const std::uint8_t*>(payload.data()) + at);
  }
};
template <class Visit>
void each_frame(std::string_view bytes, Visit&& visit) {
  while (bytes.size() >= 9) {
    const auto* head = reinterpret_cast<const std::uint8_t*>(bytes.data());
    const std::size_t size = load_be32(head) >> 8;
    visit(SeenFrame{head[3], head[4], load_be32(head + 5), std::string(bytes.substr(9, size))});
    bytes.remove_prefix(std::min(bytes.size(), 9 + size));
  }
}

}  // namespace mesh::http::test
