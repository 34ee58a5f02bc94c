#include "proxy/init/original_destination.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "proxy/init/file_descriptor.h"

namespace mesh::init {
namespace {

// linux/netfilter_ipv4.h and linux/netfilter_ipv6/ip6_tables.h, which do not mix with netinet/in.h.
constexpr int kOriginalDestination = 80;

}  // namespace

// A socket that was never connected has no original destination, so the question fails; how it
// fails tells whether there is anybody to ask.
OriginalDestination original_destination(IpVersion version) noexcept {
  const bool v4 = version == IpVersion::v4;
  const FileDescriptor socket(::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return OriginalDestination::no_sockets;

  sockaddr_in6 address{};
  socklen_t size = v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  const int result = ::getsockopt(socket.number(), v4 ? IPPROTO_IP : IPPROTO_IPV6,
                                  kOriginalDestination, &address, &size);
  return result != 0 && errno == ENOPROTOOPT ? OriginalDestination::untold
                                             : OriginalDestination::told;
}

}  // namespace mesh::init
