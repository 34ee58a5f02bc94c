#include "meshkit/http/h1_body_writer.h"

#include <array>
#include <charconv>

#include "meshkit/http/h1_writer.h"

namespace mesh::http {

void H1BodyWriter::begin(Framing framing, std::uint64_t length) noexcept {
  framing_ = framing;
  left_ = framing == Framing::length ? length : 0;
}

bool H1BodyWriter::write(net::Stream& stream, Bytes bytes) {
  if (bytes.empty()) return true;  // an empty chunk would end the body
  switch (framing_) {
    case Framing::none: return true;
    case Framing::length:
      if (bytes.size() > left_) return false;
      left_ -= bytes.size();
      stream.write(bytes);
      return true;
    case Framing::chunked: write_chunk(stream, bytes); return true;
    case Framing::until_end:
    case Framing::tunnel: stream.write(bytes); return true;
  }
  return false;
}

void H1BodyWriter::write_chunk(net::Stream& stream, Bytes bytes) {
  std::array<char, 18> size;
  char* end = std::to_chars(size.data(), size.data() + 16, bytes.size(), 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  stream.write(as_bytes({size.data(), static_cast<std::size_t>(end - size.data())}));
  stream.write(bytes);
  stream.write(as_bytes("\r\n"));
}

bool H1BodyWriter::end(net::Stream& stream) {
  if (framing_ == Framing::chunked) stream.write(as_bytes("0\r\n\r\n"));
  return left_ == 0;
}

bool H1BodyWriter::end(net::Stream& stream, BlockPool& pool, const Head& trailers) {
  if (framing_ != Framing::chunked) return end(stream);
  write_trailers(stream, pool, trailers);
  return true;
}

}  // namespace mesh::http
