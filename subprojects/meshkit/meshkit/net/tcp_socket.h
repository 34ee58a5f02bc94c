#pragma once
// TcpSocket: a connected TCP socket that nobody reads or writes yet.
//
// What a listener accepts and a Connect opens; a TcpStream adopts it. Owns the descriptor; closing
// or destroying closes it. Option setters are best effort where the kernel may not know the option.

#include <uv.h>

#include <optional>

#include "meshkit/async/handle.h"
#include "meshkit/async/loop.h"
#include "meshkit/base/clock.h"
#include "meshkit/base/result.h"
#include "meshkit/net/address.h"

namespace mesh::net {

struct TcpOptions {
  bool nodelay = true;
  std::optional<Milliseconds> keepalive;     // idle time before probes, and between them
  std::optional<Milliseconds> user_timeout;  // how long sent bytes may stay unacknowledged
};

class TcpSocket {
 public:
  // The uv handle and the one request that may be out on it: first the connect, later a write.
  struct Block {
    uv_tcp_t handle;
    union {
      uv_connect_t connect;
      uv_write_t write;
    };
  };

  TcpSocket() noexcept = default;  // holds nothing

  // Takes ownership of a connected descriptor, which it closes on failure.
  static Result<TcpSocket> adopt(Loop& loop, int fd, const SocketAddress& peer);

  explicit operator bool() const noexcept { return static_cast<bool>(block_); }
  void close() noexcept { block_.close(); }
  // Closes with a reset (RST) instead of an orderly end; unsent bytes are dropped.
  void close_with_reset() noexcept;

  Status apply(const TcpOptions& options) noexcept;

  // The other end, as it was when the connection was made; costs no system call.
  const SocketAddress& peer() const noexcept { return peer_; }
  // Our end; one system call.
  Result<SocketAddress> local() const noexcept;
  // Stays owned by the socket; -1 when it holds none.
  int fd() const noexcept;

 private:
  friend class Connect;
  friend class TcpStream;
  Handle<Block> block_;
  SocketAddress peer_;
};

// Sets `options` on a descriptor.
Status apply_options(int fd, const TcpOptions& options) noexcept;

}  // namespace mesh::net
