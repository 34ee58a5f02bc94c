#include "meshkit/net/tcp_listener.h"

#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

namespace mesh::net {
namespace {

bool set(int fd, int level, int name, int value) noexcept {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

// accept(2) also reports what befell one connection before it was taken; the next may be well.
bool is_shortage(int error) noexcept {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

bool set_listen_options(int fd, const SocketAddress& address, const ListenOptions& options) {
  if (!set(fd, SOL_SOCKET, SO_REUSEADDR, 1)) return false;
  if (options.reuse_port && !set(fd, SOL_SOCKET, SO_REUSEPORT, 1)) return false;
  const bool is_v6 = address.family() == AF_INET6;
  if (is_v6 && !set(fd, IPPROTO_IPV6, IPV6_V6ONLY, options.v6_only ? 1 : 0)) return false;
  if (!options.transparent) return true;
  return is_v6 ? set(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
               : set(fd, IPPROTO_IP, IP_TRANSPARENT, 1);
}

}  // namespace

TcpListener::~TcpListener() {
  stop();
  if (destroyed_ != nullptr) *destroyed_ = true;
}

Status TcpListener::bind(const SocketAddress& address, const ListenOptions& options) {
  fd_ = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return fail(error_from_errno(errno, "listening socket"));
  Status status = listen_on(address, options);
  if (!status) ::close(std::exchange(fd_, -1));
  return status;
}

// Accepted sockets inherit the options of the listening one, which saves setting them on each.
Status TcpListener::listen_on(const SocketAddress& address, const ListenOptions& options) {
  if (!set_listen_options(fd_, address, options))
    return fail(error_from_errno(errno, "listening socket option"));
  if (Status status = apply_options(fd_, options.accepted); !status) return status;

  sockaddr_storage raw;
  socklen_t size = address.to_sockaddr(raw);
  if (::bind(fd_, reinterpret_cast<sockaddr*>(&raw), size) != 0)
    return fail(error_from_errno(errno, "bind"));
  if (::listen(fd_, options.backlog) != 0) return fail(error_from_errno(errno, "listen"));

  size = sizeof raw;
  if (::getsockname(fd_, reinterpret_cast<sockaddr*>(&raw), &size) != 0)
    return fail(error_from_errno(errno, "listening address"));
  address_ = SocketAddress::from_sockaddr(raw).value_or(address);
  return {};
}

void TcpListener::start(OnAccept on_accept) {
  if (fd_ < 0) std::abort();  // start without bind
  on_accept_ = std::move(on_accept);
  poll();
}

void TcpListener::stop() noexcept {
  is_polling_ = false;
  pause_.stop();
  handle_.close();  // before the descriptor, which it names to epoll
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void TcpListener::poll() {
  if (!handle_) {
    // Fails only for a descriptor that epoll refuses, which a listening socket is not.
    if (uv_poll_init(loop_.raw(), &handle_.create(this)->handle, fd_) != 0) std::abort();
  }
  uv_poll_start(&handle_->handle, UV_READABLE, &TcpListener::on_readable);
  is_polling_ = true;
}

void TcpListener::on_readable(uv_poll_t* handle, int status, int) {
  auto* self = static_cast<TcpListener*>(handle->data);
  if (self == nullptr) return;
  // libuv stops polling a descriptor in error.
  if (status != 0) return self->pause_accepting();
  self->accept_some();
}

void TcpListener::accept_some() {
  bool destroyed = false;
  destroyed_ = &destroyed;
  // Out of the object while it runs, for it may destroy the object.
  OnAccept on_accept = std::move(on_accept_);
  for (int i = 0; i < kAcceptsPerWake && is_polling_; ++i) {
    auto socket = accept_one();
    if (!socket) break;
    if (!*socket) continue;
    on_accept(std::move(*socket));
    if (destroyed) return;
  }
  destroyed_ = nullptr;
  on_accept_ = std::move(on_accept);
}

// None when nobody waits or accepting pauses; an empty socket when this connection came to nothing.
std::optional<TcpSocket> TcpListener::accept_one() {
  sockaddr_storage raw;
  socklen_t size = sizeof raw;
  const int fd =
      ::accept4(fd_, reinterpret_cast<sockaddr*>(&raw), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    if (errno == EAGAIN) return std::nullopt;
    if (!is_shortage(errno)) return TcpSocket();
    pause_accepting();
    return std::nullopt;
  }
  ++accepted_;
  auto socket = TcpSocket::adopt(loop_, fd, SocketAddress::from_sockaddr(raw).value_or(address_));
  return socket ? std::move(*socket) : TcpSocket();
}

void TcpListener::pause_accepting() {
  ++pauses_;
  is_polling_ = false;
  uv_poll_stop(&handle_->handle);
  pause_.start(kPause, [this] { poll(); });
}

}  // namespace mesh::net
