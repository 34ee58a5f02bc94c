#include "proxy/listen/original_dst.h"

#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace mesh::listen {
namespace {

Result<net::SocketAddress> query(int fd, int level, int option) noexcept {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getsockopt(fd, level, option, &storage, &size) != 0)
    return fail(error_from_errno(errno, "reading the original destination"));
  const auto address = net::SocketAddress::from_sockaddr(storage);
  if (!address) return fail(Errc::invalid, "original destination of an unknown family");
  return *address;
}

// An IPv6 socket also carries IPv4 connections, whose original destination only the IPv4 option
// knows.
bool is_v4_client(int fd) noexcept {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return true;
  const auto peer = net::SocketAddress::from_sockaddr(storage);
  return !peer || peer->ip().is_v4();
}

}  // namespace

Result<net::SocketAddress> original_dst(int fd) noexcept {
  return is_v4_client(fd) ? query(fd, SOL_IP, SO_ORIGINAL_DST)
                          : query(fd, SOL_IPV6, IP6T_SO_ORIGINAL_DST);
}

}  // namespace mesh::listen
