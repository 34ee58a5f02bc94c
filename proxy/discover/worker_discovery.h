#pragma once
// WorkerDiscovery: a worker's end of the hub (discovery.h). Lives on the worker's thread; only the
// Recipient part is called from the control thread, and does no more than post to the worker.

#include <string>
#include <unordered_map>
#include <variant>

#include "meshkit/async/mailbox.h"
#include "proxy/discover/hub.h"

namespace mesh::discover {

class WorkerDiscovery final : public Discovery, private Recipient {
 public:
  // `hub` outlives it; `mailbox` is the worker's own and is closed before this goes.
  WorkerDiscovery(Hub& hub, Mailbox& mailbox) noexcept : hub_(hub), mailbox_(mailbox) {}
  WorkerDiscovery(const WorkerDiscovery&) = delete;

  Watch watch_outbound(const net::SocketAddress& destination, OutboundWatcher& watcher) override;
  Watch watch_endpoints(const policy::NameAndPort& destination, EndpointsWatcher& watcher) override;
  Watch watch_inbound(std::uint16_t port, InboundWatcher& watcher) override;
  void unwatch(std::uint64_t id) override;

 private:
  struct OutboundEntry {
    OutboundWatcher* watcher;
    net::SocketAddress address;
  };
  struct EndpointsEntry {
    EndpointsWatcher* watcher;
    std::string key;
  };
  struct InboundEntry {
    InboundWatcher* watcher;
    std::uint16_t port;
  };
  using Entry = std::variant<OutboundEntry, EndpointsEntry, InboundEntry>;

  void deliver(std::uint64_t id, Snapshot<policy::OutboundPolicy> policy) override;
  void deliver_unknown(std::uint64_t id, const Error& error) override;
  void deliver(std::uint64_t id, Snapshot<policy::EndpointDelta> delta,
               policy::EndpointSet::State state) override;
  void deliver(std::uint64_t id, Snapshot<policy::ServerPolicy> policy) override;

  template <class E>
  E* entry(std::uint64_t id);
  Subscriber subscriber(std::uint64_t id) noexcept {
    return {.recipient = static_cast<Recipient*>(this), .id = id};
  }

  Hub& hub_;
  Mailbox& mailbox_;
  std::uint64_t next_id_ = 1;
  std::unordered_map<std::uint64_t, Entry> entries_;
};

}  // namespace mesh::discover
