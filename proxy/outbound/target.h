#pragma once
// Target: everything one worker knows about one original destination: its effective policy, the
// backends that the policy names, and the connections that wait for the first answer.
//
// Created by the first connection to that address, forgotten when it has been idle for the
// discovery idle time. A policy that changes applies to the next request and the next connection.

#include <vector>

#include "meshkit/base/intrusive_list.h"
#include "proxy/discover/discovery.h"
#include "proxy/outbound/backends.h"
#include "proxy/outbound/route_uses.h"

namespace mesh::outbound {

struct TargetWaitTag {};
// A connection that waits for the first policy. Leaves by being destroyed.
class TargetWaiter : public ListLink<TargetWaitTag> {
 public:
  virtual void on_target_known() = 0;
  virtual void on_target_unknown(const Error& error) = 0;

 protected:
  ~TargetWaiter() = default;
};

class Target final : private discover::OutboundWatcher {
 public:
  Target(Loop& loop, discover::Discovery& discovery, Backends& backends,
         const net::SocketAddress& address, bool may_speak_first);
  ~Target();
  Target(const Target&) = delete;

  const net::SocketAddress& address() const noexcept { return address_; }

  // Null until the first answer.
  const policy::OutboundPolicy* policy() const noexcept { return policy_ ? &*policy_ : nullptr; }
  // Grows with every policy.
  std::uint64_t policy_version() const noexcept { return version_; }
  // The policy is known, or nobody could say in time.
  bool is_answered() const noexcept { return policy_ || is_unknown_; }
  const Error& unknown_because() const noexcept { return error_; }
  void wait(TargetWaiter& waiter) { waiters_.push_back(waiter); }

  // The state behind a backend of the current policy.
  HttpBackend& http_backend(policy::BackendTable::Index index,
                            const balance::FailureAccrualConfig& accrual);
  TcpBackend& tcp_backend(policy::BackendTable::Index index);

  // Its server was seen to speak first: connections open the far side at once.
  bool server_speaks_first = false;

  RouteUses uses;

  // Connections that use it; the owner forgets it when idle.
  std::size_t sessions = 0;
  TimePoint idle_since{};

 private:
  void on_outbound(const Snapshot<policy::OutboundPolicy>& policy) override;
  void on_outbound_unknown(const Error& error) override;
  template <class F>
  void tell_waiters(F&& tell);

  struct Held {
    HttpBackend* http = nullptr;
    TcpBackend* tcp = nullptr;
  };
  void release(const std::vector<Held>& held);

  Backends& backends_;
  const net::SocketAddress address_;
  Snapshot<policy::OutboundPolicy> policy_;
  std::uint64_t version_ = 0;
  std::vector<Held> held_;  // by index in the policy's table
  bool is_unknown_ = false;
  Error error_;
  IntrusiveList<TargetWaiter, TargetWaitTag> waiters_;
  discover::Discovery::Watch watch_;
};

}  // namespace mesh::outbound
