#pragma once
// Balancer: the endpoints of one destination, and who gets the next request or connection.
//
// Picking is power of two choices by peak-EWMA load among the endpoints that are ready. An endpoint
// leaves that set when its transport fails or its breaker opens, and comes back through a probe.
// When none is ready, callers wait in order; a caller that waited for the fail-fast time is told
// so, and from then on until an endpoint is ready again nobody waits. The queue is bounded.
//
// One balancer serves one worker; all calls on its loop. Endpoints stay valid until they are
// withdrawn (`set` without them) and their `pending` work is over.

#include <memory>
#include <vector>

#include "meshkit/async/loop.h"
#include "meshkit/async/timer.h"
#include "proxy/balance/endpoint.h"

namespace mesh::balance {

struct WaitTag {};

// Somebody who wants an endpoint. Leaves the queue by being destroyed or unlinked.
class Waiter : public ListLink<WaitTag> {
 public:
  virtual void on_endpoint_ready() = 0;  // pick again
  virtual void on_failfast() = 0;        // nothing became ready in time

  TimePoint waiting_since{};

 protected:
  ~Waiter() = default;
};

class Balancer {
 public:
  struct Settings {
    Milliseconds failfast_timeout{3000};
    std::uint32_t queue_capacity = 10'000;
  };
  struct Pick {
    Endpoint* endpoint = nullptr;
    bool is_probe = false;  // this request decides whether the endpoint comes back
  };
  enum class Wait : std::uint8_t { queued, failfast, full };

  Balancer(Loop& loop, const Settings& settings);
  ~Balancer();

  // Changes of the set. `add` takes a new endpoint (its address must not be present).
  void add(std::unique_ptr<Endpoint> endpoint);
  void remove(const net::SocketAddress& address);
  Endpoint* find(const net::SocketAddress& address) const noexcept;
  // Call after changing weights of endpoints.
  void weights_changed() noexcept { weights_stale_ = true; }

  // Null endpoint when none is ready: `wait` then. `avoid` is not picked if there is another.
  Pick pick(const Endpoint* avoid = nullptr);
  Wait wait(Waiter& waiter);

  // What endpoints and their users report.
  void reachable(Endpoint& endpoint);
  void unreachable(Endpoint& endpoint);
  void classified(Endpoint& endpoint, ResponseClass response);
  // A probe ended without a verdict.
  void probe_abandoned(Endpoint& endpoint);
  // Some work of a withdrawn endpoint ended: it may be over now.
  void work_ended(Endpoint& endpoint);

  std::size_t size() const noexcept { return endpoints_.size(); }
  std::size_t ready() const noexcept { return ready_.size(); }
  bool in_failfast() const noexcept { return failfast_; }
  std::size_t queue_length() const noexcept { return queue_length_; }
  // For metrics and diagnostics.
  template <class F>
  void for_each(F&& visit) const {
    for (const auto& endpoint : endpoints_) visit(*endpoint);
  }
  std::size_t draining() const noexcept { return draining_.size(); }

 private:
  Endpoint* lower_load(std::size_t a, std::size_t b, const Endpoint* avoid);
  Pick pick_due_probe();
  bool probes_itself(Endpoint& endpoint);
  void refresh_weights();
  void set_ready(Endpoint& endpoint, bool ready);
  void update_ready(Endpoint& endpoint);
  void wake_waiters();
  void expire_waiters();
  void probe_due_endpoints();
  void arm();
  void on_timer();
  void bury_over();

  Loop& loop_;
  Settings settings_;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  std::vector<std::unique_ptr<Endpoint>> draining_;  // withdrawn, work still under way
  std::vector<Endpoint*> ready_;
  std::vector<std::uint64_t> cumulative_;  // weights of ready_; empty when all are equal
  bool weights_stale_ = true;
  bool failfast_ = false;
  std::size_t queue_length_ = 0;
  TimePoint next_retry_ = TimePoint::max();  // of the endpoints that wait for a time
  bool probe_wanted_ = false;                // an endpoint is due that only a request can probe
  IntrusiveList<Waiter, WaitTag> waiters_;
  Timer timer_;
};

}  // namespace mesh::balance
