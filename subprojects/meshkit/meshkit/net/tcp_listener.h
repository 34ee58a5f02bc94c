#pragma once
// TcpListener: accepts TCP connections.
//
// Bind early, accept late: after `bind` clients may connect and wait in the backlog; `start` begins
// to take them. Several are accepted per wake-up. When descriptors or kernel memory run out, what
// waits is left in the backlog, nothing is closed, and accepting goes on after a pause.

#include <uv.h>

#include <cstdint>
#include <optional>

#include "meshkit/async/handle.h"
#include "meshkit/async/loop.h"
#include "meshkit/async/timer.h"
#include "meshkit/base/callback.h"
#include "meshkit/base/result.h"
#include "meshkit/net/address.h"
#include "meshkit/net/tcp_socket.h"

namespace mesh::net {

struct ListenOptions {
  int backlog = 4096;        // the kernel caps it at net.core.somaxconn
  bool reuse_port = false;   // SO_REUSEPORT: several loops share the port
  bool v6_only = false;      // for IPv6 addresses; else [::] takes IPv4 too
  bool transparent = false;  // IP_TRANSPARENT: accept for addresses that are not ours (TPROXY)
  TcpOptions accepted;       // set on every accepted socket
};

class TcpListener {
 public:
  // May stop or destroy the listener.
  using OnAccept = Callback<void(TcpSocket)>;

  static constexpr int kAcceptsPerWake = 64;
  static constexpr Milliseconds kPause{100};

  // `loop` must outlive the listener.
  explicit TcpListener(Loop& loop) noexcept : loop_(loop), pause_(loop) {}
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;
  ~TcpListener();

  // To be called once, before `start`. Port 0 lets the kernel choose; see address().
  Status bind(const SocketAddress& address, const ListenOptions& options = {});
  void start(OnAccept on_accept);
  // Takes nobody any more and closes the port; what waits in the backlog is reset by the kernel.
  void stop() noexcept;

  // Where it listens, with the port the kernel chose.
  const SocketAddress& address() const noexcept { return address_; }
  bool is_accepting() const noexcept { return is_polling_; }

  std::uint64_t accepted() const noexcept { return accepted_; }
  // How often accepting paused for want of descriptors or memory.
  std::uint64_t pauses() const noexcept { return pauses_; }

 private:
  struct Block {
    uv_poll_t handle;
  };
  static void on_readable(uv_poll_t* handle, int status, int events);
  void accept_some();
  void pause_accepting();
  void poll();
  std::optional<TcpSocket> accept_one();
  Status listen_on(const SocketAddress& address, const ListenOptions& options);

  Loop& loop_;
  Handle<Block> handle_;
  int fd_ = -1;
  bool is_polling_ = false;
  bool* destroyed_ = nullptr;
  Timer pause_;
  OnAccept on_accept_;
  SocketAddress address_;
  std::uint64_t accepted_ = 0;
  std::uint64_t pauses_ = 0;
};

}  // namespace mesh::net
