#include "meshkit/net/replay.h"

#include <cstring>

namespace mesh::net {

void start_with_prefix(Stream& stream, StreamEvents& events, ByteQueue prefix, BlockPool& pool) {
  stream.start(events);
  if (prefix.empty()) return;
  // One call, so that a pause from inside it is honoured; and from memory of its own, for the
  // scratch buffers may be in use further up the stack.
  const std::size_t size = prefix.size();
  auto* bytes = static_cast<std::uint8_t*>(pool.allocate(size));
  for (std::size_t at = 0; at < size;) {
    const Bytes piece = prefix.front();
    std::memcpy(bytes + at, piece.data(), piece.size());
    at += piece.size();
    prefix.consume(piece.size());
  }
  events.on_data({bytes, size});
  pool.free(bytes);
}

}  // namespace mesh::net
