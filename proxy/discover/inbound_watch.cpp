#include "proxy/discover/inbound_watch.h"

#include <algorithm>

#include "proxy/policy/inbound_from_api.h"

namespace mesh::discover {
namespace {

io::linkerd::proxy::inbound::PortSpec request_for(const HubSettings& settings, std::uint16_t port) {
  io::linkerd::proxy::inbound::PortSpec request;
  request.set_workload(settings.workload);
  request.set_port(port);
  return request;
}

policy::ServerPolicy default_for(const HubSettings& settings, std::uint16_t port) {
  const bool is_opaque =
      std::binary_search(settings.opaque_ports.begin(), settings.opaque_ports.end(), port);
  const auto kind =
      is_opaque ? policy::ServerPolicy::Kind::opaque : policy::ServerPolicy::Kind::detect;
  return policy::default_server_policy(settings.default_policy, kind, settings.detect_timeout,
                                       settings.cluster_networks);
}

}  // namespace

InboundWatch::InboundWatch(rpc::Channel& policy, const HubSettings& settings, std::uint16_t port)
    : port_(port),
      policy_(default_for(settings, port)),
      stream_(policy, "/io.linkerd.proxy.inbound.InboundServerPolicies/WatchPort",
              request_for(settings, port),
              WatchOptions{.limits = settings.limits, .backoff = settings.backoff}, *this) {}

void InboundWatch::subscribe(const Subscriber& subscriber) {
  subscribers_.push_back(subscriber);
  subscriber.recipient->deliver(subscriber.id, policy_);
}

bool InboundWatch::unsubscribe(const Subscriber& subscriber) {
  std::erase(subscribers_, subscriber);
  return subscribers_.empty();
}

void InboundWatch::on_update(Server& update) {
  policy::ServerPolicy policy = policy::server_policy_from(update);
  if (policy.kind == policy::ServerPolicy::Kind::invalid)
    log::warn("discover", "policy of a port cannot be used", "port", port_, "reason",
              policy.reason);
  policy_ = Snapshot<policy::ServerPolicy>(std::move(policy));
  for (const Subscriber& subscriber : subscribers_)
    subscriber.recipient->deliver(subscriber.id, policy_);
}

void InboundWatch::on_final(const rpc::Status& status) {
  log::warn("discover", "policy of a port is refused, the default stays", "port", port_, "message",
            status.message);
}

}  // namespace mesh::discover
