#pragma once
// InboundWatch: the policy of one port of this workload, for every worker that asked: the default
// policy until the controller answers. On the control thread.

#include "meshkit/api/inbound.pb.h"
#include "proxy/discover/hub_settings.h"
#include "proxy/discover/subscriber.h"
#include "proxy/discover/watch_stream.h"

namespace mesh::discover {

class InboundWatch final : private WatchEvents<io::linkerd::proxy::inbound::Server> {
 public:
  InboundWatch(rpc::Channel& policy, const HubSettings& settings, std::uint16_t port);
  InboundWatch(const InboundWatch&) = delete;

  void subscribe(const Subscriber& subscriber);
  // True when nobody is left.
  bool unsubscribe(const Subscriber& subscriber);

 private:
  using Server = io::linkerd::proxy::inbound::Server;

  void on_update(Server& update) override;
  void on_final(const rpc::Status& status) override;

  const std::uint16_t port_;
  Subscribers subscribers_;
  Snapshot<policy::ServerPolicy> policy_;
  WatchStream<io::linkerd::proxy::inbound::PortSpec, Server> stream_;
};

}  // namespace mesh::discover
