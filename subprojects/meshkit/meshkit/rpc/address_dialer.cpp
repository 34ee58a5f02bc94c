#include "meshkit/rpc/address_dialer.h"

#include <utility>

#include "meshkit/net/tcp_stream.h"

namespace mesh::rpc {

AddressDialer::AddressDialer(Loop& loop, const net::SocketAddress& address,
                             std::optional<DialSecurity> security)
    : loop_(loop),
      address_(address),
      security_(std::move(security)),
      deadline_(loop, [this] { finish(fail(Errc::timed_out, "TLS handshake")); }) {}

void AddressDialer::dial(Done done) {
  cancel();
  done_ = std::move(done);
  net::ConnectOptions options;
  options.deadline = kDeadline;
  connect_.emplace(loop_, address_, options,
                   [this](Result<net::TcpSocket> socket) { on_connected(std::move(socket)); });
}

void AddressDialer::cancel() {
  deadline_.disarm();
  connect_.reset();
  handshake_.reset();
  done_.reset();
}

void AddressDialer::on_connected(Result<net::TcpSocket> socket) {
  if (!socket) return finish(fail(socket.error()));
  auto stream = std::make_unique<net::TcpStream>(loop_, *std::move(socket));
  if (!security_) return finish(std::move(stream));
  const tls::Context* context = security_->source->client_context();
  if (context == nullptr) return finish(fail(Errc::unavailable, "no TLS credentials yet"));
  deadline_.arm(kDeadline);
  const tls::Handshake::AsClient as_client{security_->name, security_->name, false};
  handshake_.emplace(loop_, *context, std::move(stream), as_client,
                     [this](Result<tls::Secured> secured) { on_secured(std::move(secured)); });
}

void AddressDialer::on_secured(Result<tls::Secured> secured) {
  if (!secured) return finish(fail(secured.error()));
  finish(std::move(secured->stream));
}

// `done` may destroy this.
void AddressDialer::finish(Result<std::unique_ptr<net::Stream>> stream) {
  Done done = std::move(done_);
  cancel();
  done(std::move(stream));
}

}  // namespace mesh::rpc
