#include "meshkit/net/tcp_socket.h"

#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>

namespace mesh::net {
namespace {

bool set(int fd, int level, int name, int value) noexcept {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

Status set_keepalive(int fd, Milliseconds idle) noexcept {
  const int seconds = static_cast<int>(std::chrono::ceil<std::chrono::seconds>(idle).count());
  if (set(fd, SOL_SOCKET, SO_KEEPALIVE, 1) && set(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds) &&
      set(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds))
    return {};
  return fail(error_from_errno(errno, "set keepalive"));
}

}  // namespace

Status apply_options(int fd, const TcpOptions& options) noexcept {
  if (options.nodelay && !set(fd, IPPROTO_TCP, TCP_NODELAY, 1))
    return fail(error_from_errno(errno, "set nodelay"));
  if (options.keepalive) {
    if (const Status status = set_keepalive(fd, *options.keepalive); !status) return status;
  }
  if (options.user_timeout &&
      !set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(options.user_timeout->count())))
    return fail(error_from_errno(errno, "set user timeout"));
  return {};
}

Result<TcpSocket> TcpSocket::adopt(Loop& loop, int fd, const SocketAddress& peer) {
  TcpSocket socket;
  socket.peer_ = peer;
  uv_tcp_init(loop.raw(), &socket.block_.create(nullptr)->handle);
  if (const int rc = uv_tcp_open(&socket.block_->handle, fd); rc != 0) {
    ::close(fd);
    return fail(error_from_errno(-rc, "adopt socket"));
  }
  return socket;
}

void TcpSocket::close_with_reset() noexcept {
  if (!block_) return;
  block_->handle.data = nullptr;
  if (uv_tcp_close_reset(&block_->handle, &Handle<Block>::free_block) == 0) {
    (void)block_.release();  // libuv frees it by the callback
  } else {
    block_.close();
  }
}

Status TcpSocket::apply(const TcpOptions& options) noexcept { return apply_options(fd(), options); }

Result<SocketAddress> TcpSocket::local() const noexcept {
  const int descriptor = fd();
  if (descriptor < 0) return fail(Errc::closed, "local address");
  sockaddr_storage address;
  socklen_t size = sizeof address;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return fail(error_from_errno(errno, "local address"));
  return SocketAddress::from_sockaddr(address).value_or(SocketAddress());
}

int TcpSocket::fd() const noexcept {
  uv_os_fd_t fd = -1;
  if (block_) uv_fileno(reinterpret_cast<const uv_handle_t*>(&block_->handle), &fd);
  return fd;
}

}  // namespace mesh::net
