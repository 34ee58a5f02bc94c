#include "proxy/outbound/target.h"

#include <utility>

namespace mesh::outbound {

Target::Target(Loop& loop, discover::Discovery& discovery, Backends& backends,
               const net::SocketAddress& address, bool may_speak_first)
    : server_speaks_first(may_speak_first),
      idle_since(loop.now()),
      backends_(backends),
      address_(address) {
  watch_ = discovery.watch_outbound(address, *this);
}

Target::~Target() { release(held_); }

void Target::on_outbound(const Snapshot<policy::OutboundPolicy>& policy) {
  policy_ = policy;
  ++version_;
  is_unknown_ = false;
  // Released last, so that backends which the new policy names too are not remade.
  const std::vector<Held> old = std::exchange(held_, std::vector<Held>(policy->backends.size()));
  tell_waiters([](TargetWaiter& waiter) { waiter.on_target_known(); });
  release(old);
}

void Target::on_outbound_unknown(const Error& error) {
  is_unknown_ = true;
  error_ = error;
  tell_waiters([&error](TargetWaiter& waiter) { waiter.on_target_unknown(error); });
}

template <class F>
void Target::tell_waiters(F&& tell) {
  IntrusiveList<TargetWaiter, TargetWaitTag> told;
  while (TargetWaiter* waiter = waiters_.pop_front()) told.push_back(*waiter);
  while (TargetWaiter* waiter = told.pop_front()) tell(*waiter);
}

HttpBackend& Target::http_backend(policy::BackendTable::Index index,
                                  const balance::FailureAccrualConfig& accrual) {
  Held& held = held_[index];
  if (held.http == nullptr || !(held.http->accrual() == accrual)) {
    if (held.http != nullptr) backends_.release(*held.http);
    held.http =
        &backends_.acquire_http(policy_->backends.key(index), policy_->backends[index], accrual);
  }
  return *held.http;
}

TcpBackend& Target::tcp_backend(policy::BackendTable::Index index) {
  Held& held = held_[index];
  if (held.tcp == nullptr)
    held.tcp = &backends_.acquire_tcp(policy_->backends.key(index), policy_->backends[index]);
  return *held.tcp;
}

void Target::release(const std::vector<Held>& held) {
  for (const Held& one : held) {
    if (one.http != nullptr) backends_.release(*one.http);
    if (one.tcp != nullptr) backends_.release(*one.tcp);
  }
}

}  // namespace mesh::outbound
