#pragma once
// Loopback: two TcpStreams connected over 127.0.0.1, and raw sockets to play the peer.

#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "meshkit/net/connect.h"
#include "meshkit/net/tcp_listener.h"
#include "meshkit/net/tcp_stream.h"
#include "tests/support/test_loop.h"

namespace mesh::test {

inline const net::SocketAddress kAnyPort{net::IpAddress::loopback_v4(), 0};

// A descriptor with an owner.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

// A blocking client socket.
inline Descriptor dial(const net::SocketAddress& to) {
  Descriptor fd(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage raw;
  const socklen_t size = to.to_sockaddr(raw);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&raw), size) != 0) fd.close();
  return fd;
}

// Closes with a reset.
inline void reset(Descriptor fd) {
  const linger now{1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

inline std::string read_some(const Descriptor& fd, int flags = 0) {
  std::string bytes(1 << 20, '\0');
  const ssize_t n = ::recv(fd.get(), bytes.data(), bytes.size(), flags);
  bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return bytes;
}

inline void send_all(const Descriptor& fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

// A TcpStream whose peer is a raw socket.
struct Loopback {
  explicit Loopback(TestLoop& loop) {
    net::TcpListener listener(loop);
    if (!listener.bind(kAnyPort)) return;
    net::TcpSocket accepted;
    listener.start([&](net::TcpSocket socket) { accepted = std::move(socket); });
    peer = dial(listener.address());
    loop.run_until([&] { return static_cast<bool>(accepted); });
    stream = std::make_unique<net::TcpStream>(loop, std::move(accepted));
  }
  Descriptor peer;
  std::unique_ptr<net::TcpStream> stream;
};

// Two TcpStreams.
struct StreamPair {
  explicit StreamPair(TestLoop& loop) {
    net::TcpListener listener(loop);
    if (!listener.bind(kAnyPort)) return;
    net::TcpSocket accepted;
    net::TcpSocket connected;
    listener.start([&](net::TcpSocket socket) { accepted = std::move(socket); });
    net::Connect connect(loop, listener.address(), {},
                         [&](Result<net::TcpSocket> r) { connected = std::move(*r); });
    loop.run_until([&] { return accepted && connected; });
    client = std::make_unique<net::TcpStream>(loop, std::move(connected));
    server = std::make_unique<net::TcpStream>(loop, std::move(accepted));
  }
  std::unique_ptr<net::TcpStream> client;
  std::unique_ptr<net::TcpStream> server;
};

}  // namespace mesh::test
