#include "proxy/forward/dial.h"

#include <utility>

namespace mesh::forward {

Dial::Dial(Loop& loop, const DialTarget& target, const ClientTls& tls, Done done)
    : loop_(loop),
      target_(target),
      tls_(tls),
      began_(loop.now()),
      deadline_(loop, [this] { on_deadline(); }),
      done_(std::move(done)),
      connect_(loop, target.address, target.connect,
               [this](Result<net::TcpSocket> socket) { on_connected(std::move(socket)); }) {
  deadline_.arm(target.connect.deadline);
}

void Dial::on_connected(Result<net::TcpSocket> socket) {
  if (!socket) return finish(fail(socket.error()));
  dialed_.connect_time = loop_.now() - began_;
  auto stream = std::make_unique<net::TcpStream>(loop_, std::move(*socket));
  dialed_.transport = stream.get();
  dialed_.socket = &stream->socket();
  if (!target_.tls) {
    dialed_.stream = std::move(stream);
    return finish(std::move(dialed_));
  }
  const tls::Context* context = tls_.client_context();
  if (context == nullptr) return finish(fail(Errc::identity, "no certificate of our own yet"));
  const tls::Handshake::AsClient client{.server_name = target_.tls->server_name,
                                        .identity = target_.tls->identity,
                                        .transport_header = !target_.transport_header.empty()};
  handshake_ = std::make_unique<tls::Handshake>(
      loop_, *context, std::move(stream), client,
      [this](Result<tls::Secured> secured) { on_secured(std::move(secured)); });
}

void Dial::on_secured(Result<tls::Secured> secured) {
  if (!secured) return finish(fail(secured.error()));
  if (secured->transport_header) secured->stream->write(as_bytes(target_.transport_header));
  dialed_.stream = std::move(secured->stream);
  finish(std::move(dialed_));
}

void Dial::on_deadline() { finish(fail(Errc::timed_out, "connecting took too long")); }

// `done` may destroy this object, so it is moved out first and nothing here follows it.
void Dial::finish(Result<Dialed> result) {
  deadline_.disarm();
  Done done = std::move(done_);
  done(std::move(result));
}

}  // namespace mesh::forward
