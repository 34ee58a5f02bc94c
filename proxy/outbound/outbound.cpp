#include "proxy/outbound/outbound.h"

#include <algorithm>
#include <utility>

#include "meshkit/base/log.h"
#include "proxy/listen/original_dst.h"

namespace mesh::outbound {

Outbound::Outbound(Loop& loop, const OutboundSettings& settings, discover::Discovery& discovery,
                   const forward::ClientTls& tls, const OutboundSensors& sensors)
    : loop_(loop),
      settings_(settings),
      discovery_(discovery),
      h2_server_(loop, http::H2Role::server, settings.h2_server),
      h2_client_(loop, http::H2Role::client, settings.h2_client),
      http_resources_{.loop = loop,
                      .h2 = h2_client_,
                      .tls = tls,
                      .h1 = settings.h1_pool,
                      .connect = settings.connect,
                      .backoff = settings.backoff},
      tcp_resources_{.loop = loop,
                     .tls = tls,
                     .connect = settings.connect,
                     .backoff = settings.backoff,
                     .sensors = sensors.endpoints},
      backends_({.http = http_resources_,
                 .tcp = tcp_resources_,
                 .discovery = discovery,
                 .http_settings = settings.http_backend,
                 .tcp_settings = settings.tcp_balancer,
                 .sensors = sensors.endpoints}),
      session_resources_{.loop = loop,
                         .servers = {.h2 = h2_server_, .h1 = settings.h1_server},
                         .opening = settings.opening,
                         .router = settings.router,
                         .sessions = sensors.sessions,
                         .http = sensors.http,
                         .accepted = sensors.accepted},
      sweeper_(loop) {}

Outbound::~Outbound() {
  sessions_.for_each([](Session& session) { const std::unique_ptr<Session> ended(&session); });
}

Status Outbound::bind() {
  for (const net::SocketAddress& address : settings_.listen) {
    auto listener = std::make_unique<net::TcpListener>(loop_);
    if (Status bound = listener->bind(address, settings_.listen_options); !bound) return bound;
    listeners_.push_back(std::move(listener));
  }
  return {};
}

void Outbound::accept() {
  for (const auto& listener : listeners_)
    listener->start([this](net::TcpSocket socket) { on_accept(std::move(socket)); });
  sweeper_.start_repeating(Milliseconds(1000), [this] { sweep(); });
}

void Outbound::on_accept(net::TcpSocket socket) {
  const auto destination = listen::original_dst(socket.fd());
  if (!destination || is_own_listener(*destination)) {
    log::info("outbound", "connection refused", "client", socket.peer().text().view(), "reason",
              destination ? "it would come back to this proxy" : "it was not redirected here");
    return socket.close_with_reset();
  }
  if (session_count_ >= settings_.max_connections) {
    log::warn("outbound", "connection refused", "client", socket.peer().text().view(), "reason",
              "connection limit reached");
    return socket.close_with_reset();
  }
  auto session = std::make_unique<Session>(session_resources_, target_for(*destination),
                                           std::move(socket), static_cast<Session::Owner&>(*this));
  sessions_.push_back(*session);
  ++session_count_;
  session.release()->begin(
      static_cast<bool>(drained_));  // the list is its owner until on_session_over
}

bool Outbound::is_own_listener(const net::SocketAddress& address) const {
  return std::any_of(listeners_.begin(), listeners_.end(), [&](const auto& listener) {
    return listener->address().port() == address.port() &&
           (address.is_loopback() || listener->address().ip() == address.ip());
  });
}

Target& Outbound::target_for(const net::SocketAddress& address) {
  std::unique_ptr<Target>& target = targets_[address];
  if (target == nullptr) {
    const bool may_speak_first = std::binary_search(
        settings_.server_first_ports.begin(), settings_.server_first_ports.end(), address.port());
    target = std::make_unique<Target>(loop_, discovery_, backends_, address, may_speak_first);
  }
  return *target;
}

void Outbound::on_session_over(Session& session) {
  session.ListLink<SessionTag>::unlink();
  --session_count_;
  loop_.retire(std::unique_ptr<Retirable>(&session));
  tell_if_drained();
}

void Outbound::sweep() {
  const TimePoint oldest = loop_.now() - settings_.target_idle;
  std::erase_if(targets_, [&](const auto& entry) {
    return entry.second->sessions == 0 && entry.second->idle_since < oldest;
  });
  backends_.sweep();
}

void Outbound::drain(Drained drained) {
  drained_ = std::move(drained);
  sessions_.for_each([](Session& session) { session.drain(); });
  tell_if_drained();
}

void Outbound::tell_if_drained() {
  if (!drained_ || session_count_ != 0) return;
  for (const auto& listener : listeners_) listener->stop();
  Drained drained = std::move(drained_);
  drained();
}

}  // namespace mesh::outbound
