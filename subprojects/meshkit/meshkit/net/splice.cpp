#include "meshkit/net/splice.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace mesh::net {

Splice::Splice(TcpStream& from, TcpStream& to, Moved moved)
    : from_(from), to_(to), moved_(std::move(moved)) {
  // Without descriptors for a pipe, or room in it, bytes are copied as ever.
  if (::pipe2(pipe_, O_NONBLOCK | O_CLOEXEC) != 0) return;
  if (::fcntl(pipe_[1], F_SETPIPE_SZ, kPipeBytes) < 0) return;
  from_.set_bypass(this);
}

Splice::~Splice() {
  from_.set_bypass(nullptr);
  for (const int end : pipe_)
    if (end >= 0) ::close(end);
}

// The pipe is empty before and after.
ssize_t Splice::take(int fd) {
  const ssize_t taken =
      ::splice(fd, nullptr, pipe_[1], nullptr, kPipeBytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (taken <= 0) return taken < 0 ? -errno : 0;
  to_.write_from_pipe(pipe_[0], static_cast<std::size_t>(taken));
  moved_(static_cast<std::size_t>(taken));
  return taken;
}

}  // namespace mesh::net
