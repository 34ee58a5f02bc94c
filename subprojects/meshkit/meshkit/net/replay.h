#pragma once
// Hands a stream to its receiver together with bytes that were read before it was known.
//
// Protocol detection reads the first bytes of a connection itself; the receiver it chooses must see
// them first. No wrapping stream stays behind.

#include "meshkit/base/byte_queue.h"
#include "meshkit/net/stream.h"

namespace mesh::net {

// Starts `stream` into `events` and, before returning, gives `prefix` to `events.on_data` in one
// call (unless it is empty). `pool` is the one of the prefix.
void start_with_prefix(Stream& stream, StreamEvents& events, ByteQueue prefix, BlockPool& pool);

}  // namespace mesh::net
