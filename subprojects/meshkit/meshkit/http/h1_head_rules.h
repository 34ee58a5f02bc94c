#pragma once
// h1_head_rules: what a complete HTTP/1 head means for framing and for the connection, and what in
// it is refused. Pure functions on heads; RFC 9112 sections 3.2, 6 and 9.
//
// Stricter than the RFC where it allows a recipient to guess: any second length (also an equal
// one), a length beside a transfer coding, a transfer coding in HTTP/1.0, and any coding but one
// "chunked" are refused, because the next parser on the way may guess otherwise. A Host-less
// HTTP/1.1 request is passed on: no parser reads it in two ways, and refusing it is the
// application's right.

#include <cstdint>

#include "meshkit/http/h1_fault.h"
#include "meshkit/http/h1_framing.h"
#include "meshkit/http/head.h"

namespace mesh::http {

// What sort of request a response answers.
enum class Answering : std::uint8_t { plain, head, connect, upgrade };

struct H1Shape {
  H1Fault fault;  // when set, nothing else counts
  Framing framing = Framing::none;
  bool keep_alive = false;
  std::uint64_t length = 0;  // Framing::length
};

// An Upgrade that cannot be granted through us (h2c, or beside a body) is removed from the head, as
// RFC 9110 section 7.8 lets an intermediary do. CONNECT and other upgrades are given
// Framing::tunnel.
H1Shape shape_of_request(Head& head) noexcept;

// Removes Content-Length and Transfer-Encoding where they mean nothing (1xx, 204, 2xx to CONNECT).
H1Shape shape_of_response(Head& head, Answering answering) noexcept;

// Fields that change framing, routing or the connection; a trailer with one of them is refused.
bool is_allowed_trailer(Token token) noexcept;

}  // namespace mesh::http
