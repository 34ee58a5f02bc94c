#pragma once
// h1_writer: heads to HTTP/1 bytes, and the choice of framing for what follows.
//
// Writing is two steps: `plan_*` decides framing and persistence from the head and what the other
// end can take; `write_*` puts the head on the stream. Nothing that could split a message gets out:
// a name that is no token, a value or a target with a control character is refused whole, whichever
// protocol it came by. Fields that belong to one connection (Connection, Keep-Alive,
// Proxy-Connection, Transfer-Encoding) are written from the plan, never from the head.

#include <cstdint>

#include "meshkit/base/block_pool.h"
#include "meshkit/http/h1_framing.h"
#include "meshkit/http/head.h"
#include "meshkit/net/stream.h"

namespace mesh::http {

struct H1Plan {
  bool possible = true;  // false: the head cannot be sent as it is (two lengths, a bad length)
  Framing framing = Framing::none;
  bool add_zero_length = false;  // say content-length: 0, which the head does not
  bool drop_length = false;      // there is none to say: 1xx, 204, CONNECT
  bool close = false;            // the connection ends with this message
  bool say_keep_alive = false;   // HTTP/1.0: persistence must be said
  Version version = Version::http11;
  std::uint64_t length = 0;  // Framing::length
};

// The request that a response answers, as far as it matters for framing.
struct H1Request {
  Version version = Version::http11;
  bool is_head = false;
  bool is_connect = false;
  bool is_upgrade = false;
  bool keep_alive = false;  // the client wants to go on, and so do we
};

H1Plan plan_request(const Head& head, bool last) noexcept;
H1Plan plan_response(const Head& head, bool last, const H1Request& request) noexcept;

// Bytes written; 0: refused, and nothing was written.
std::size_t write_request_head(net::Stream& stream, BlockPool& pool, const Head& head,
                               const H1Plan& plan) noexcept;
std::size_t write_response_head(net::Stream& stream, BlockPool& pool, const Head& head,
                                const H1Plan& plan) noexcept;
// The last chunk with `trailers`. Those that are not allowed there, or malformed, are left out.
void write_trailers(net::Stream& stream, BlockPool& pool, const Head& trailers) noexcept;

}  // namespace mesh::http
