#include "proxy/discover/hub.h"

namespace mesh::discover {
namespace {

template <class Map, class Key>
void unsubscribe(Map& watches, const Key& key, const Subscriber& subscriber) {
  const auto at = watches.find(key);
  if (at != watches.end() && at->second->unsubscribe(subscriber)) watches.erase(at);
}

}  // namespace

Hub::Hub(Loop& loop, rpc::Channel& destination, rpc::Channel& policy, const HubSettings& settings)
    : loop_(loop),
      destination_(destination),
      policy_(policy),
      settings_(settings),
      mailbox_(loop) {}

void Hub::watch_outbound(const Subscriber& subscriber, const net::SocketAddress& address) {
  auto& watch = outbound_[address];
  if (watch == nullptr)
    watch = std::make_unique<OutboundWatch>(loop_, destination_, policy_, settings_, address);
  watch->subscribe(subscriber);
}

void Hub::watch_endpoints(const Subscriber& subscriber, const policy::NameAndPort& name) {
  auto& watch = endpoints_[name.text()];
  if (watch == nullptr) watch = std::make_unique<EndpointsWatch>(destination_, settings_, name);
  watch->subscribe(subscriber);
}

void Hub::watch_inbound(const Subscriber& subscriber, std::uint16_t port) {
  auto& watch = inbound_[port];
  if (watch == nullptr) watch = std::make_unique<InboundWatch>(policy_, settings_, port);
  watch->subscribe(subscriber);
}

void Hub::unwatch_outbound(const Subscriber& subscriber, const net::SocketAddress& address) {
  unsubscribe(outbound_, address, subscriber);
}

void Hub::unwatch_endpoints(const Subscriber& subscriber, const std::string& key) {
  unsubscribe(endpoints_, key, subscriber);
}

void Hub::unwatch_inbound(const Subscriber& subscriber, std::uint16_t port) {
  unsubscribe(inbound_, port, subscriber);
}

}  // namespace mesh::discover
