#pragma once
// Port: one port of the application as one worker serves it: its policy, and the clients that reach
// the application on it. Starts with the default policy, follows the controller's.

#include <memory>
#include <vector>

#include "meshkit/base/intrusive_list.h"
#include "proxy/discover/discovery.h"
#include "proxy/inbound/app_client.h"

namespace mesh::inbound {

struct PolicyTag {};
// A connection that lives by the policy it was let in by.
class PolicyHolder : public ListLink<PolicyTag> {
 public:
  virtual void on_policy_changed() = 0;

 protected:
  ~PolicyHolder() = default;
};

struct PortWaitTag {};
class PortWaiter : public ListLink<PortWaitTag> {
 public:
  virtual void on_port_known() = 0;

 protected:
  ~PortWaiter() = default;
};

class Port final : private discover::InboundWatcher {
 public:
  // References outlive it.
  Port(Loop& loop, discover::Discovery& discovery, const AppResources& app, std::uint16_t port);
  Port(const Port&) = delete;

  std::uint16_t number() const noexcept { return number_; }
  // Null until discovery told the first one (the default policy, a turn after the watch began).
  const policy::ServerPolicy* policy() const noexcept { return policy_ ? &*policy_ : nullptr; }

  // Grows with every policy.
  std::uint64_t policy_version() const noexcept { return version_; }

  void wait(PortWaiter& waiter) { waiters_.push_back(waiter); }
  void hold(PolicyHolder& holder) { holders_.push_back(holder); }

  AppClient& app(const net::SocketAddress& address);

  // Its application was seen to speak first: connections open its side at once.
  bool server_speaks_first = false;

  std::size_t sessions = 0;
  TimePoint idle_since{};

 private:
  void on_server_policy(const Snapshot<policy::ServerPolicy>& policy) override;

  struct App {
    net::SocketAddress address;
    std::unique_ptr<AppClient> client;
  };

  const AppResources& app_resources_;
  const std::uint16_t number_;
  Snapshot<policy::ServerPolicy> policy_;
  std::uint64_t version_ = 0;
  std::vector<App> apps_;  // one for each address of the workload that is used
  IntrusiveList<PortWaiter, PortWaitTag> waiters_;
  IntrusiveList<PolicyHolder, PolicyTag> holders_;
  discover::Discovery::Watch watch_;
};

}  // namespace mesh::inbound
