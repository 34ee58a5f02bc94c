#pragma once
// Hub: all watches on the control plane, shared by the workers. On the control thread.
//
//   worker ── WorkerDiscovery ──mailbox──▶ Hub ── one stream per target ──▶ control plane
//          ◀──────────── snapshots, by mailbox ────────────┘

#include <memory>
#include <string>
#include <unordered_map>

#include "meshkit/async/mailbox.h"
#include "proxy/discover/endpoints_watch.h"
#include "proxy/discover/inbound_watch.h"
#include "proxy/discover/outbound_watch.h"

namespace mesh::discover {

class Hub {
 public:
  // References outlive it.
  Hub(Loop& loop, rpc::Channel& destination, rpc::Channel& policy, const HubSettings& settings);
  Hub(const Hub&) = delete;

  // Where workers post their wishes. Closed before the hub goes.
  Mailbox& mailbox() noexcept { return mailbox_; }

  void watch_outbound(const Subscriber& subscriber, const net::SocketAddress& address);
  void watch_endpoints(const Subscriber& subscriber, const policy::NameAndPort& name);
  void watch_inbound(const Subscriber& subscriber, std::uint16_t port);
  void unwatch_outbound(const Subscriber& subscriber, const net::SocketAddress& address);
  void unwatch_endpoints(const Subscriber& subscriber, const std::string& key);
  void unwatch_inbound(const Subscriber& subscriber, std::uint16_t port);

  std::size_t watches() const noexcept {
    return outbound_.size() + endpoints_.size() + inbound_.size();
  }

 private:
  Loop& loop_;
  rpc::Channel& destination_;
  rpc::Channel& policy_;
  const HubSettings& settings_;
  Mailbox mailbox_;
  std::unordered_map<net::SocketAddress, std::unique_ptr<OutboundWatch>> outbound_;
  std::unordered_map<std::string, std::unique_ptr<EndpointsWatch>> endpoints_;
  std::unordered_map<std::uint16_t, std::unique_ptr<InboundWatch>> inbound_;
};

}  // namespace mesh::discover
