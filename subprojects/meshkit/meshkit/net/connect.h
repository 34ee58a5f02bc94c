#pragma once
// Connect: one attempt to open a TCP connection, with a deadline.
//
// The promise to the caller: `done` runs exactly once, from the loop, never from the constructor,
// unless the Connect is destroyed first; then it never runs. Destroying a Connect is how it is
// cancelled, and is allowed at any time, also from inside `done`.

#include <cstdint>
#include <optional>

#include "meshkit/async/deadline.h"
#include "meshkit/async/loop.h"
#include "meshkit/base/callback.h"
#include "meshkit/base/result.h"
#include "meshkit/net/address.h"
#include "meshkit/net/tcp_socket.h"

namespace mesh::net {

struct ConnectOptions {
  Milliseconds deadline{1000};
  TcpOptions socket;
  std::optional<SocketAddress> from;  // local address to bind; port 0 for any
  std::optional<std::uint32_t> mark;  // SO_MARK, for routing rules
};

class Connect final : private Flushable {
 public:
  using Done = Callback<void(Result<TcpSocket>)>;

  // `loop` must outlive the Connect.
  Connect(Loop& loop, const SocketAddress& peer, const ConnectOptions& options, Done done);
  Connect(const Connect&) = delete;  // libuv holds our address
  Connect& operator=(const Connect&) = delete;

 private:
  Status open(const ConnectOptions& options);
  bool is_self_connected() const;
  static void on_connect(uv_connect_t* request, int status);
  void on_connected(int status);
  void on_deadline();
  void flush() override;
  void finish(Result<TcpSocket> result);

  Loop& loop_;
  TcpSocket socket_;
  Deadline deadline_;
  Status opened_;  // a failure of the constructor is reported from the loop
  Done done_;
};

}  // namespace mesh::net
