#include "proxy/inbound/inbound.h"

#include <algorithm>
#include <utility>

#include "meshkit/base/log.h"
#include "proxy/listen/original_dst.h"

namespace mesh::inbound {

Inbound::Inbound(Loop& loop, const InboundSettings& settings, discover::Discovery& discovery,
                 const ServerTls& tls, const InboundSensors& sensors)
    : loop_(loop),
      settings_(settings),
      discovery_(discovery),
      h2_server_(loop, http::H2Role::server, settings.h2_server),
      h2_client_(loop, http::H2Role::client, settings.h2_client),
      app_resources_{.h2 = h2_client_,
                     .h1 = settings.h1_pool,
                     .connect = settings.connect,
                     .sensor = sensors.connected},
      session_resources_{
          .loop = loop,
          .servers = {.h2 = h2_server_, .h1 = settings.h1_server},
          .opening = settings.opening,
          .connect = settings.connect,
          .handshake_timeout = settings.handshake_timeout,
          .own_port = settings.listen.empty() ? std::uint16_t{0} : settings.listen.front().port(),
          .tls = tls,
          .app_tls = no_tls_,
          .ports = static_cast<Ports&>(*this),
          .sessions = sensors.sessions,
          .http = sensors.http,
          .accepted = sensors.accepted,
          .connected = sensors.connected},
      sweeper_(loop) {}

Inbound::~Inbound() {
  sessions_.for_each([](Session& session) { const std::unique_ptr<Session> ended(&session); });
}

Status Inbound::bind() {
  for (const net::SocketAddress& address : settings_.listen) {
    auto listener = std::make_unique<net::TcpListener>(loop_);
    if (Status bound = listener->bind(address, settings_.listen_options); !bound) return bound;
    listeners_.push_back(std::move(listener));
  }
  for (const std::uint16_t number : settings_.watched_ports) (void)port(number);
  return {};
}

void Inbound::accept() {
  for (const auto& listener : listeners_)
    listener->start([this](net::TcpSocket socket) { on_accept(std::move(socket)); });
  sweeper_.start_repeating(Milliseconds(1000), [this] { sweep(); });
}

void Inbound::on_accept(net::TcpSocket socket) {
  auto destination = listen::original_dst(socket.fd());
  // Not redirected: somebody connected to this port itself.
  if (!destination) destination = socket.local();
  if (!destination) return refuse(socket, "its destination is unknown");
  if (!is_own(destination->ip())) return refuse(socket, "its destination is not this workload");
  if (session_count_ >= settings_.max_connections)
    return refuse(socket, "connection limit reached");
  auto session = std::make_unique<Session>(session_resources_, std::move(socket), *destination,
                                           static_cast<Session::Owner&>(*this));
  sessions_.push_back(*session);
  ++session_count_;
  session.release()->begin(
      static_cast<bool>(drained_));  // the list is its owner until on_session_over
}

void Inbound::refuse(net::TcpSocket& socket, const char* reason) {
  log::info("inbound", "connection refused", "client", socket.peer().text().view(), "reason",
            reason);
  socket.close_with_reset();
}

bool Inbound::is_own(const net::IpAddress& address) const {
  const auto& own = settings_.own_addresses;
  return own.empty() || address.is_loopback() ||
         std::find(own.begin(), own.end(), address) != own.end();
}

bool Inbound::is_watched(std::uint16_t number) const {
  const auto& watched = settings_.watched_ports;
  return std::find(watched.begin(), watched.end(), number) != watched.end();
}

Port& Inbound::port(std::uint16_t number) {
  std::unique_ptr<Port>& port = ports_[number];
  if (port == nullptr) {
    port = std::make_unique<Port>(loop_, discovery_, app_resources_, number);
    const auto& first = settings_.server_first_ports;
    port->server_speaks_first = std::binary_search(first.begin(), first.end(), number);
  }
  return *port;
}

void Inbound::on_session_over(Session& session) {
  session.ListLink<SessionTag>::unlink();
  --session_count_;
  loop_.retire(std::unique_ptr<Retirable>(&session));
  tell_if_drained();
}

void Inbound::sweep() {
  const TimePoint oldest = loop_.now() - settings_.port_idle;
  std::erase_if(ports_, [&](const auto& entry) {
    const Port& port = *entry.second;
    return port.sessions == 0 && port.idle_since < oldest && !is_watched(port.number());
  });
}

void Inbound::drain(Drained drained) {
  drained_ = std::move(drained);
  sessions_.for_each([](Session& session) { session.drain(); });
  tell_if_drained();
}

void Inbound::tell_if_drained() {
  if (!drained_ || session_count_ != 0) return;
  for (const auto& listener : listeners_) listener->stop();
  Drained drained = std::move(drained_);
  drained();
}

}  // namespace mesh::inbound
