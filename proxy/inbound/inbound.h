#pragma once
// Inbound: everything that comes to the workload from outside, on one worker.
//
//   accept on 4143 ─▶ original destination ─▶ Port (policy, application) ─▶ Session
//
// Owns the listeners, the sessions and the ports. Binds early and accepts when told to. Refuses
// destinations that are not the workload's own, and its own listener as a target.

#include <memory>
#include <unordered_map>
#include <vector>

#include "meshkit/async/timer.h"
#include "meshkit/net/tcp_listener.h"
#include "proxy/inbound/session.h"

namespace mesh::inbound {

struct InboundSettings {
  std::vector<net::SocketAddress> listen;
  net::ListenOptions listen_options;
  net::ConnectOptions connect;  // to the application
  listen::Opening::Settings opening;
  Milliseconds handshake_timeout{10'000};
  forward::H1PoolSettings h1_pool;
  http::H1Limits h1_server;
  http::H2Settings h2_server;
  http::H2Settings h2_client;
  Milliseconds port_idle{90'000};
  std::size_t max_connections = 100'000;
  std::vector<net::IpAddress> own_addresses;      // empty: any destination
  std::vector<std::uint16_t> watched_ports;       // watched from the start and for ever
  std::vector<std::uint16_t> server_first_ports;  // sorted
};

// Null members are not told anything.
struct InboundSensors {
  SessionSensor* sessions = nullptr;
  HttpSensor* http = nullptr;
  forward::TransportSensor* accepted = nullptr;
  forward::TransportSensor* connected = nullptr;
};

class Inbound final : private Session::Owner, private Ports {
 public:
  using Drained = Callback<void()>;

  // All references outlive it.
  Inbound(Loop& loop, const InboundSettings& settings, discover::Discovery& discovery,
          const ServerTls& tls, const InboundSensors& sensors);
  ~Inbound();

  Status bind();
  void accept();
  // Finishes what is under way, and what still comes meanwhile; when nothing is left it closes its
  // ports and tells, once. So the proxy outlives the application.
  void drain(Drained drained);

  const std::vector<std::unique_ptr<net::TcpListener>>& listeners() const { return listeners_; }
  std::size_t sessions() const noexcept { return session_count_; }

 private:
  // The application is reached in plaintext.
  class NoTls final : public forward::ClientTls {
   public:
    const tls::Context* client_context() const override { return nullptr; }
  };

  void on_accept(net::TcpSocket socket);
  void refuse(net::TcpSocket& socket, const char* reason);
  void on_session_over(Session& session) override;
  Port& port(std::uint16_t number) override;
  bool is_own(const net::IpAddress& address) const;
  bool is_watched(std::uint16_t number) const;
  void sweep();
  void tell_if_drained();

  Loop& loop_;
  const InboundSettings& settings_;
  discover::Discovery& discovery_;
  NoTls no_tls_;
  http::H2Context h2_server_;
  http::H2Context h2_client_;
  AppResources app_resources_;
  Session::Resources session_resources_;
  std::unordered_map<std::uint16_t, std::unique_ptr<Port>> ports_;
  IntrusiveList<Session, SessionTag> sessions_;
  std::size_t session_count_ = 0;
  std::vector<std::unique_ptr<net::TcpListener>> listeners_;
  Timer sweeper_;
  Drained drained_;
};

}  // namespace mesh::inbound
