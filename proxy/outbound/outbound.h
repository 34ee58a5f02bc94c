#pragma once
// Outbound: everything that leaves the workload, on one worker.
//
//   accept on 4140 ─▶ original destination ─▶ Target (policy, backends) ─▶ Session
//
// Owns the listeners, the sessions, the targets and the backends. Binds early and accepts when told
// to. Refuses connections that were not redirected and those that would come back to itself.

#include <memory>
#include <unordered_map>
#include <vector>

#include "meshkit/async/timer.h"
#include "meshkit/net/tcp_listener.h"
#include "proxy/outbound/backends.h"
#include "proxy/outbound/session.h"

namespace mesh::outbound {

struct OutboundSettings {
  std::vector<net::SocketAddress> listen;
  net::ListenOptions listen_options;
  net::ConnectOptions connect;
  balance::BackoffRange backoff;
  listen::Opening::Settings opening;
  HttpRouter::Settings router;
  HttpBackend::Settings http_backend;
  balance::Balancer::Settings tcp_balancer;
  forward::H1PoolSettings h1_pool;
  http::H1Limits h1_server;
  http::H2Settings h2_server;
  http::H2Settings h2_client;
  Milliseconds target_idle{5000};
  std::size_t max_connections = 100'000;
  std::vector<std::uint16_t> server_first_ports;  // sorted
};

// Null members are not told anything.
struct OutboundSensors {
  SessionSensor* sessions = nullptr;
  HttpSensor* http = nullptr;
  forward::TransportSensor* accepted = nullptr;
  EndpointSensors* endpoints = nullptr;
};

class Outbound final : private Session::Owner {
 public:
  using Drained = Callback<void()>;

  // All references outlive it.
  Outbound(Loop& loop, const OutboundSettings& settings, discover::Discovery& discovery,
           const forward::ClientTls& tls, const OutboundSensors& sensors);
  ~Outbound();

  Status bind();
  void accept();
  // Finishes what is under way, and what still comes meanwhile; when nothing is left it closes its
  // ports and tells, once. So the proxy outlives the application.
  void drain(Drained drained);

  const std::vector<std::unique_ptr<net::TcpListener>>& listeners() const { return listeners_; }
  const Backends& backends() const noexcept { return backends_; }
  std::size_t sessions() const noexcept { return session_count_; }

 private:
  void on_accept(net::TcpSocket socket);
  void on_session_over(Session& session) override;
  Target& target_for(const net::SocketAddress& address);
  bool is_own_listener(const net::SocketAddress& address) const;
  void sweep();
  void tell_if_drained();

  Loop& loop_;
  const OutboundSettings& settings_;
  discover::Discovery& discovery_;
  http::H2Context h2_server_;
  http::H2Context h2_client_;
  HttpResources http_resources_;
  TcpResources tcp_resources_;
  Backends backends_;
  std::unordered_map<net::SocketAddress, std::unique_ptr<Target>> targets_;
  Session::Resources session_resources_;
  IntrusiveList<Session, SessionTag> sessions_;
  std::size_t session_count_ = 0;
  std::vector<std::unique_ptr<net::TcpListener>> listeners_;
  Timer sweeper_;
  Drained drained_;
};

}  // namespace mesh::outbound
