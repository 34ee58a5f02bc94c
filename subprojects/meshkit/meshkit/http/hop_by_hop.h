#pragma once
// hop_by_hop: which fields of a message concern one connection only. Pure functions on heads.
//
// RFC 9110 section 7.6.1. The connections (h1_server, h1_client) write their own framing and
// connection fields and only read "close" from the head that they are given to send; a forwarder
// calls `remove_hop_by_hop` on what it passes on.

#include <string_view>

#include "meshkit/http/head.h"

namespace mesh::http {

// Whether a comma-separated field, all its lines together, holds `option` (lower case), ignoring
// case.
bool has_option(const Head& head, Token field, std::string_view option) noexcept;

// A request that asks for another protocol, or a 101 that grants it: `Connection: upgrade` with an
// Upgrade field in HTTP/1.1.
bool is_upgrade(const Head& head) noexcept;

// Removes Connection and what it nominates, Keep-Alive, Proxy-Connection, Transfer-Encoding, TE
// except "trailers", and Upgrade. When `is_upgrade(head)`, Connection is left as "upgrade" with the
// Upgrade field.
void remove_hop_by_hop(Head& head) noexcept;

}  // namespace mesh::http
