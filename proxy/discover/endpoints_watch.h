#pragma once
// EndpointsWatch: the endpoints of one named destination, for every worker that asked: one set,
// and deltas of it. On the control thread.

#include "meshkit/api/destination.pb.h"
#include "proxy/discover/hub_settings.h"
#include "proxy/discover/subscriber.h"
#include "proxy/discover/watch_stream.h"
#include "proxy/policy/endpoint_set.h"

namespace mesh::discover {

class EndpointsWatch final : private WatchEvents<io::linkerd::proxy::destination::Update> {
 public:
  EndpointsWatch(rpc::Channel& destination, const HubSettings& settings,
                 const policy::NameAndPort& name);
  EndpointsWatch(const EndpointsWatch&) = delete;

  void subscribe(const Subscriber& subscriber);
  // True when nobody is left.
  bool unsubscribe(const Subscriber& subscriber);

 private:
  using Update = io::linkerd::proxy::destination::Update;

  void on_restart() override { set_.stream_restarted(); }
  void on_update(Update& update) override;
  void on_final(const rpc::Status& status) override;
  void apply(policy::EndpointChange change);

  const HubSettings& settings_;
  Subscribers subscribers_;
  policy::EndpointSet set_;
  WatchStream<io::linkerd::proxy::destination::GetDestination, Update> stream_;
};

}  // namespace mesh::discover
