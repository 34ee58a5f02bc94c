#pragma once
// original_dst: where a redirected connection was going before the redirection.

#include "meshkit/base/result.h"
#include "meshkit/net/address.h"

namespace mesh::listen {

// SO_ORIGINAL_DST of an accepted socket, IPv4 or IPv6 (netfilter's conntrack answers it).
// Errc::not_found when the connection was not redirected: there is no explicit-proxy mode.
Result<net::SocketAddress> original_dst(int fd) noexcept;

}  // namespace mesh::listen
