#include "meshkit/net/connect.h"

#include <netinet/in.h>

#include <cerrno>
#include <utility>

namespace mesh::net {
namespace {

// Where the kernel takes ports for connections from, at its lowest sensible setting.
constexpr std::uint16_t kLowestEphemeralPort = 1024;

Status bind_from(int fd, const SocketAddress& from) {
  // The port is chosen at connect time, when it need only be unique for the peer.
  const int late = from.port() == 0 ? 1 : 0;
  (void)::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late, sizeof late);  // best effort
  sockaddr_storage raw;
  const socklen_t size = from.to_sockaddr(raw);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&raw), size) != 0)
    return fail(error_from_errno(errno, "bind"));
  return {};
}

}  // namespace

Connect::Connect(Loop& loop, const SocketAddress& peer, const ConnectOptions& options, Done done)
    : loop_(loop), deadline_(loop, [this] { on_deadline(); }), done_(std::move(done)) {
  socket_.peer_ = peer;
  opened_ = open(options);
  // Reported from the loop like every other failure, so that callers have one path to handle.
  if (opened_) {
    deadline_.arm(options.deadline);
  } else {
    loop_.flush_later(*this);
  }
}

Status Connect::open(const ConnectOptions& options) {
  TcpSocket::Block* block = socket_.block_.create(this);
  const auto family = static_cast<unsigned>(socket_.peer_.family());
  if (const int rc = uv_tcp_init_ex(loop_.raw(), &block->handle, family); rc != 0) {
    socket_.block_.discard();
    return fail(error_from_errno(-rc, "connect"));
  }
  const int fd = socket_.fd();
  if (Status status = apply_options(fd, options.socket); !status) return status;
  if (options.mark &&
      ::setsockopt(fd, SOL_SOCKET, SO_MARK, &*options.mark, sizeof *options.mark) != 0)
    return fail(error_from_errno(errno, "set mark"));
  if (options.from) {
    if (Status status = bind_from(fd, *options.from); !status) return status;
  }
  sockaddr_storage raw;
  socket_.peer_.to_sockaddr(raw);
  const int rc = uv_tcp_connect(&block->connect, &block->handle,
                                reinterpret_cast<const sockaddr*>(&raw), &Connect::on_connect);
  if (rc != 0) return fail(error_from_errno(-rc, "connect"));
  return {};
}

void Connect::on_connect(uv_connect_t* request, int status) {
  if (auto* self = static_cast<Connect*>(request->handle->data)) self->on_connected(status);
}

void Connect::on_connected(int status) {
  if (status != 0) return finish(fail(error_from_errno(-status, "connect")));
  if (is_self_connected()) return finish(fail(Errc::refused, "connect", ECONNREFUSED));
  socket_.block_->handle.data = nullptr;  // nobody listens to it until a TcpStream adopts it
  finish(std::move(socket_));
}

// A local port where nobody listens may be the very port this socket was given: TCP then connects
// it to itself.
bool Connect::is_self_connected() const {
  if (socket_.peer_.port() < kLowestEphemeralPort) return false;
  const auto local = socket_.local();
  return local && *local == socket_.peer_;
}

void Connect::on_deadline() { finish(fail(Errc::timed_out, "connect deadline")); }

void Connect::flush() { finish(fail(opened_.error())); }

// `done` may destroy this object, so it is moved out first and nothing here follows it.
void Connect::finish(Result<TcpSocket> result) {
  socket_.close();
  deadline_.disarm();
  Done done = std::move(done_);
  done(std::move(result));
}

}  // namespace mesh::net
