#pragma once
// Discovery: what a worker asks the control plane for, and how the answers reach it.
//
// One Discovery per worker, used on its thread only. The streams to the control plane live on the
// control thread and are shared by all workers (discover/hub.h); here are subscriptions. A watch
// tells its watcher the newest state as soon as there is one and every later one, always from the
// loop, never from inside `watch_*`. Destroying the Watch ends it: no call follows.
//
// What was known stays in force while the control plane is away. A destination that nobody
// answered for within the discovery timeout is told once by on_outbound_unknown; the watch goes on.

#include <cstdint>
#include <utility>

#include "meshkit/base/result.h"
#include "meshkit/base/snapshot.h"
#include "meshkit/net/address.h"
#include "proxy/policy/endpoint_set.h"
#include "proxy/policy/inbound_policy.h"
#include "proxy/policy/names.h"
#include "proxy/policy/outbound_policy.h"

namespace mesh::discover {

class OutboundWatcher {
 public:
  // The effective policy: profile and policy combined (policy/profile.h).
  virtual void on_outbound(const Snapshot<policy::OutboundPolicy>& policy) = 0;
  virtual void on_outbound_unknown(const Error& error) = 0;

 protected:
  ~OutboundWatcher() = default;
};

class EndpointsWatcher {
 public:
  // The first delta of a watch holds all known endpoints. `state` is that of the whole set.
  virtual void on_endpoints(const Snapshot<policy::EndpointDelta>& delta,
                            policy::EndpointSet::State state) = 0;

 protected:
  ~EndpointsWatcher() = default;
};

class InboundWatcher {
 public:
  // Comes at once with the default policy, then with what the controller says.
  virtual void on_server_policy(const Snapshot<policy::ServerPolicy>& policy) = 0;

 protected:
  ~InboundWatcher() = default;
};

class Discovery {
 public:
  // A subscription, by its number.
  class Watch {
   public:
    Watch() noexcept = default;
    Watch(Discovery& discovery, std::uint64_t id) noexcept : discovery_(&discovery), id_(id) {}
    Watch(Watch&& other) noexcept
        : discovery_(std::exchange(other.discovery_, nullptr)), id_(other.id_) {}
    Watch& operator=(Watch&& other) noexcept {
      std::swap(discovery_, other.discovery_);
      std::swap(id_, other.id_);
      return *this;
    }
    ~Watch() {
      if (discovery_ != nullptr) discovery_->unwatch(id_);
    }

   private:
    Discovery* discovery_ = nullptr;
    std::uint64_t id_ = 0;
  };

  virtual Watch watch_outbound(const net::SocketAddress& destination, OutboundWatcher& watcher) = 0;
  virtual Watch watch_endpoints(const policy::NameAndPort& destination,
                                EndpointsWatcher& watcher) = 0;
  virtual Watch watch_inbound(std::uint16_t port, InboundWatcher& watcher) = 0;
  // By ~Watch.
  virtual void unwatch(std::uint64_t id) = 0;

 protected:
  ~Discovery() = default;
};

}  // namespace mesh::discover
