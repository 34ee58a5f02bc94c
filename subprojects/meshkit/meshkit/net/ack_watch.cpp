#include "meshkit/net/ack_watch.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace mesh::net {

std::optional<Milliseconds> AckWatch::unacknowledged_for(int fd, TimePoint now) noexcept {
  tcp_info info{};  // of linux/tcp.h: that of the C library lacks tcpi_bytes_acked
  socklen_t size = sizeof info;
  const bool known = ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0;
  if (!known || (info.tcpi_unacked == 0 && info.tcpi_notsent_bytes == 0)) {
    since_.reset();
    return std::nullopt;
  }
  if (!since_ || info.tcpi_bytes_acked != acknowledged_) {
    acknowledged_ = info.tcpi_bytes_acked;
    since_ = now;
  }
  return std::chrono::duration_cast<Milliseconds>(now - *since_);
}

std::optional<std::size_t> bytes_unacknowledged(int fd) noexcept {
  int bytes = 0;
  if (::ioctl(fd, SIOCOUTQ, &bytes) != 0) return std::nullopt;
  return static_cast<std::size_t>(bytes);
}

}  // namespace mesh::net
