#pragma once
// H1Limits: what one HTTP/1 connection may cost us. One value serves many connections.

#include <cstddef>
#include <cstdint>

#include "meshkit/base/clock.h"

namespace mesh::http {

struct H1Limits {
  // A request line or status line, without its line break. Beyond: 414.
  std::size_t line_bytes = 32 * 1024;
  // Start line and fields together; trailers get as much again. Beyond: 431.
  std::size_t head_bytes = 64 * 1024;
  std::size_t fields = 200;
  // Chunk extensions of one body together. They mean nothing to us and are not passed on.
  std::size_t chunk_extension_bytes = 4 * 1024;
  // Body bytes given to the exchange's user and not yet consumed, above which reading stops.
  std::size_t window = 256 * 1024;
  // Bytes of further requests held while one is being answered, above which reading stops.
  std::size_t pipelined_bytes = 16 * 1024;

  // Zero: no limit.
  Milliseconds head{10'000};   // from a head's first byte to its last
  Milliseconds idle{0};        // between requests
  Milliseconds body{0};        // without a byte of a request's body
  Milliseconds linger{2'000};  // for the client to close, after we did and it took our last bytes
};

}  // namespace mesh::http
