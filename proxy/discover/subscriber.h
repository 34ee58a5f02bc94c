#pragma once
// Subscriber: one worker's watch, as the hub sees it: where to send what becomes known.

#include <cstdint>
#include <vector>

#include "proxy/discover/discovery.h"

namespace mesh::discover {

// The worker's end of the hub. Called on the control thread; delivers on the worker's.
class Recipient {
 public:
  virtual void deliver(std::uint64_t id, Snapshot<policy::OutboundPolicy> policy) = 0;
  virtual void deliver_unknown(std::uint64_t id, const Error& error) = 0;
  virtual void deliver(std::uint64_t id, Snapshot<policy::EndpointDelta> delta,
                       policy::EndpointSet::State state) = 0;
  virtual void deliver(std::uint64_t id, Snapshot<policy::ServerPolicy> policy) = 0;

 protected:
  ~Recipient() = default;
};

struct Subscriber {
  Recipient* recipient = nullptr;
  std::uint64_t id = 0;

  friend bool operator==(const Subscriber&, const Subscriber&) = default;
};

using Subscribers = std::vector<Subscriber>;

}  // namespace mesh::discover
