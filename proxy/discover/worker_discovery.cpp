#include "proxy/discover/worker_discovery.h"

#include <utility>

namespace mesh::discover {

Discovery::Watch WorkerDiscovery::watch_outbound(const net::SocketAddress& destination,
                                                 OutboundWatcher& watcher) {
  const std::uint64_t id = next_id_++;
  entries_.emplace(id, OutboundEntry{&watcher, destination});
  hub_.mailbox().post([&hub = hub_, subscriber = subscriber(id), destination] {
    hub.watch_outbound(subscriber, destination);
  });
  return {*this, id};
}

Discovery::Watch WorkerDiscovery::watch_endpoints(const policy::NameAndPort& destination,
                                                  EndpointsWatcher& watcher) {
  const std::uint64_t id = next_id_++;
  entries_.emplace(id, EndpointsEntry{&watcher, destination.text()});
  hub_.mailbox().post(
      [&hub = hub_, subscriber = subscriber(id), name = policy::NameAndPort(destination)] {
        hub.watch_endpoints(subscriber, name);
      });
  return {*this, id};
}

Discovery::Watch WorkerDiscovery::watch_inbound(std::uint16_t port, InboundWatcher& watcher) {
  const std::uint64_t id = next_id_++;
  entries_.emplace(id, InboundEntry{&watcher, port});
  hub_.mailbox().post(
      [&hub = hub_, subscriber = subscriber(id), port] { hub.watch_inbound(subscriber, port); });
  return {*this, id};
}

void WorkerDiscovery::unwatch(std::uint64_t id) {
  const auto at = entries_.find(id);
  if (at == entries_.end()) return;
  Entry ended = std::move(at->second);
  entries_.erase(at);
  const Subscriber gone = subscriber(id);
  if (const auto* outbound = std::get_if<OutboundEntry>(&ended)) {
    hub_.mailbox().post(
        [&hub = hub_, gone, address = outbound->address] { hub.unwatch_outbound(gone, address); });
  } else if (auto* endpoints = std::get_if<EndpointsEntry>(&ended)) {
    hub_.mailbox().post(
        [&hub = hub_, gone, key = std::move(endpoints->key)] { hub.unwatch_endpoints(gone, key); });
  } else if (const auto* inbound = std::get_if<InboundEntry>(&ended)) {
    hub_.mailbox().post(
        [&hub = hub_, gone, port = inbound->port] { hub.unwatch_inbound(gone, port); });
  }
}

template <class E>
E* WorkerDiscovery::entry(std::uint64_t id) {
  const auto at = entries_.find(id);
  return at == entries_.end() ? nullptr : std::get_if<E>(&at->second);
}

// ---- from the control thread ----

void WorkerDiscovery::deliver(std::uint64_t id, Snapshot<policy::OutboundPolicy> policy) {
  mailbox_.post([this, id, policy = std::move(policy)] {
    if (auto* known = entry<OutboundEntry>(id)) known->watcher->on_outbound(policy);
  });
}

void WorkerDiscovery::deliver_unknown(std::uint64_t id, const Error& error) {
  mailbox_.post([this, id, error] {
    if (auto* known = entry<OutboundEntry>(id)) known->watcher->on_outbound_unknown(error);
  });
}

void WorkerDiscovery::deliver(std::uint64_t id, Snapshot<policy::EndpointDelta> delta,
                              policy::EndpointSet::State state) {
  mailbox_.post([this, id, delta = std::move(delta), state] {
    if (auto* known = entry<EndpointsEntry>(id)) known->watcher->on_endpoints(delta, state);
  });
}

void WorkerDiscovery::deliver(std::uint64_t id, Snapshot<policy::ServerPolicy> policy) {
  mailbox_.post([this, id, policy = std::move(policy)] {
    if (auto* known = entry<InboundEntry>(id)) known->watcher->on_server_policy(policy);
  });
}

}  // namespace mesh::discover
