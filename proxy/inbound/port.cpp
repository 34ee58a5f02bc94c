#include "proxy/inbound/port.h"

namespace mesh::inbound {

Port::Port(Loop& loop, discover::Discovery& discovery, const AppResources& app, std::uint16_t port)
    : idle_since(loop.now()), app_resources_(app), number_(port) {
  watch_ = discovery.watch_inbound(port, *this);
}

AppClient& Port::app(const net::SocketAddress& address) {
  for (const App& app : apps_)
    if (app.address == address) return *app.client;
  apps_.push_back({address, std::make_unique<AppClient>(app_resources_, address)});
  return *apps_.back().client;
}

void Port::on_server_policy(const Snapshot<policy::ServerPolicy>& policy) {
  policy_ = policy;
  ++version_;
  IntrusiveList<PortWaiter, PortWaitTag> told;
  while (PortWaiter* waiter = waiters_.pop_front()) told.push_back(*waiter);
  while (PortWaiter* waiter = told.pop_front()) waiter->on_port_known();
  holders_.for_each([](PolicyHolder& holder) { holder.on_policy_changed(); });
}

}  // namespace mesh::inbound
