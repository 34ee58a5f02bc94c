#pragma once
// H1BodyWriter: the body of one message on its way out, framed as its head announced.

#include <cstdint>

#include "meshkit/base/block_pool.h"
#include "meshkit/base/bytes.h"
#include "meshkit/http/h1_framing.h"
#include "meshkit/http/head.h"
#include "meshkit/net/stream.h"

namespace mesh::http {

class H1BodyWriter {
 public:
  void begin(Framing framing, std::uint64_t length) noexcept;

  // False: more than was announced; nothing was written and the message cannot be saved. Bytes
  // after a head that has no body are dropped.
  bool write(net::Stream& stream, Bytes bytes);
  // Ends the message; does not end the stream. False: less than was announced.
  bool end(net::Stream& stream);
  // The same with trailers, which are dropped where framing has no place for them.
  bool end(net::Stream& stream, BlockPool& pool, const Head& trailers);

  Framing framing() const noexcept { return framing_; }

 private:
  static void write_chunk(net::Stream& stream, Bytes bytes);

  Framing framing_ = Framing::none;
  std::uint64_t left_ = 0;  // Framing::length
};

}  // namespace mesh::http
