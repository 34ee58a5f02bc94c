#include "proxy/forward/relay.h"

#include <utility>

namespace mesh::forward {

Relay::Relay(Loop& loop, Dialed server, Owner& owner)
    : loop_(loop), owner_(owner), server_(std::move(server)), spoken_(loop.pool()) {}

void Relay::listen() { server_.stream->start(*this); }

void Relay::on_data(MutableBytes bytes) {
  spoken_.append(bytes);
  server_.stream->pause();
  if (std::exchange(has_spoken_, true)) return;
  owner_.on_server_spoke();
}

void Relay::on_end() {
  server_ended_ = true;
  if (std::exchange(has_spoken_, true)) return;
  owner_.on_server_spoke();
}

void Relay::on_closed(const Error& error) { owner_.on_server_lost(error); }

void Relay::join(net::Stream& client, ByteQueue first, bool client_ended) {
  pump_.emplace(loop_, client, *server_.stream);
  pump_->start(std::move(first), std::move(spoken_),
               [this](const net::Pump::Outcome& outcome) { owner_.on_relay_over(outcome); });
  // An end that was told before is not told again by every stream.
  if (client_ended) server_.stream->end();
  if (server_ended_) client.end();
}

}  // namespace mesh::forward
