#pragma once
// Splice: moves bytes from one TCP connection to another inside the kernel, by way of a pipe.
//
// For large plain transfers: the proxy spends about half the CPU of copying. One direction each.
// Holds two descriptors while it lives. What the receiver's kernel does not take at once is copied
// into its queue as any write, so congestion, ends and failures are those of the two streams.

#include <cstddef>

#include "meshkit/base/callback.h"
#include "meshkit/base/result.h"
#include "meshkit/net/tcp_stream.h"

namespace mesh::net {

class Splice final : private TcpStream::Bypass {
 public:
  // How many bytes were moved; called after each time.
  using Moved = Callback<void(std::size_t)>;

  // Takes over the reading of `from`, which must have been started. Both outlive the Splice.
  Splice(TcpStream& from, TcpStream& to, Moved moved);
  Splice(const Splice&) = delete;
  Splice& operator=(const Splice&) = delete;
  // Gives reading back to on_data.
  ~Splice();

 private:
  static constexpr int kPipeBytes = 256 * 1024;
  ssize_t take(int fd) override;

  TcpStream& from_;
  TcpStream& to_;
  Moved moved_;
  int pipe_[2] = {-1, -1};
};

}  // namespace mesh::net
