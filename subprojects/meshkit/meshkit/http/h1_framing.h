#pragma once
// Framing: how the end of an HTTP/1 message's body is told. RFC 9112 section 6.

#include <cstdint>

namespace mesh::http {

enum class Framing : std::uint8_t {
  none,       // the head is all
  length,     // so many bytes
  chunked,    // until the last chunk and its trailers
  until_end,  // until the connection's end; responses only
  tunnel,     // not HTTP any more: CONNECT with 2xx, or 101
};

}  // namespace mesh::http
