#include "proxy/balance/balancer.h"

#include <algorithm>

#include "proxy/balance/pick_two.h"

namespace mesh::balance {
namespace {

// When an endpoint that is not pickable may be tried next; max() when nothing is to be waited for.
TimePoint retry_time(const Endpoint& endpoint) noexcept {
  if (endpoint.availability.state() == Availability::State::backing_off)
    return endpoint.availability.retry_at();
  if (endpoint.availability.is_ready() && endpoint.breaker.state() == FailureAccrual::State::open)
    return endpoint.breaker.retry_at();
  return TimePoint::max();
}

}  // namespace

Balancer::Balancer(Loop& loop, const Settings& settings)
    : loop_(loop), settings_(settings), timer_(loop) {}

Balancer::~Balancer() = default;

void Balancer::add(std::unique_ptr<Endpoint> endpoint) {
  Endpoint& added = *endpoint;
  endpoints_.push_back(std::move(endpoint));
  set_ready(added, true);
  wake_waiters();
}

void Balancer::remove(const net::SocketAddress& address) {
  const auto at = std::find_if(endpoints_.begin(), endpoints_.end(),
                               [&](const auto& known) { return known->address == address; });
  if (at == endpoints_.end()) return;
  set_ready(**at, false);
  draining_.push_back(std::move(*at));
  endpoints_.erase(at);
  draining_.back()->drain();
  bury_over();
}

Endpoint* Balancer::find(const net::SocketAddress& address) const noexcept {
  for (const auto& endpoint : endpoints_)
    if (endpoint->address == address) return endpoint.get();
  return nullptr;
}

// ---- picking ----

Balancer::Pick Balancer::pick(const Endpoint* avoid) {
  if (probe_wanted_ || loop_.now() >= next_retry_) {
    const Pick probe = pick_due_probe();
    if (probe.endpoint != nullptr && probe.endpoint != avoid) return probe;
  }
  if (ready_.empty()) return {};
  if (weights_stale_) refresh_weights();
  const auto [a, b] = cumulative_.empty() ? draw_two(ready_.size(), loop_.random())
                                          : draw_two_weighted(cumulative_, loop_.random());
  return {lower_load(a, b, avoid), false};
}

Endpoint* Balancer::lower_load(std::size_t a, std::size_t b, const Endpoint* avoid) {
  Endpoint* first = ready_[a];
  Endpoint* second = ready_[b];
  if (first == avoid && second == avoid) return ready_[(a + 1) % ready_.size()];
  if (first == second || second == avoid) return first;
  if (first == avoid) return second;
  const TimePoint now = loop_.now();
  return second->latency.load(second->pending, now) < first->latency.load(first->pending, now)
             ? second
             : first;
}

void Balancer::refresh_weights() {
  weights_stale_ = false;
  cumulative_.clear();
  const bool equal = std::all_of(ready_.begin(), ready_.end(), [&](const Endpoint* endpoint) {
    return endpoint->weight == ready_.front()->weight;
  });
  if (equal) return;
  std::uint64_t sum = 0;
  for (const Endpoint* endpoint : ready_) cumulative_.push_back(sum += endpoint->weight);
}

// A request goes along as the probe only where the endpoint cannot find out by itself.
Balancer::Pick Balancer::pick_due_probe() {
  const TimePoint now = loop_.now();
  Pick pick;
  next_retry_ = TimePoint::max();
  probe_wanted_ = false;
  for (const auto& endpoint : endpoints_) {
    if (retry_time(*endpoint) <= now) {
      if (probes_itself(*endpoint)) continue;
      if (pick.endpoint != nullptr) {
        probe_wanted_ = true;
        continue;
      }
      const bool admitted = endpoint->availability.is_ready()
                                ? endpoint->breaker.admit_probe(now)
                                : endpoint->availability.admit_probe(now);
      if (admitted) pick = {endpoint.get(), true};
    }
    next_retry_ = std::min(next_retry_, retry_time(*endpoint));
  }
  return pick;
}

bool Balancer::probes_itself(Endpoint& endpoint) {
  if (endpoint.availability.is_ready() || !endpoint.probe()) return false;
  (void)endpoint.availability.admit_probe(loop_.now());
  return true;
}

// ---- waiting ----

Balancer::Wait Balancer::wait(Waiter& waiter) {
  if (failfast_) return Wait::failfast;
  if (queue_length_ >= settings_.queue_capacity) return Wait::full;
  if (waiter.waiting_since == TimePoint{}) waiter.waiting_since = loop_.now();
  waiters_.push_back(waiter);
  ++queue_length_;
  arm();
  return Wait::queued;
}

void Balancer::wake_waiters() {
  if (ready_.empty()) return;
  failfast_ = false;
  IntrusiveList<Waiter, WaitTag> waking;
  while (Waiter* waiter = waiters_.pop_front()) waking.push_back(*waiter);
  queue_length_ = 0;
  while (Waiter* waiter = waking.pop_front()) waiter->on_endpoint_ready();
}

void Balancer::expire_waiters() {
  const TimePoint oldest = loop_.now() - settings_.failfast_timeout;
  while (Waiter* waiter = waiters_.front()) {
    if (waiter->waiting_since > oldest) break;
    failfast_ = ready_.empty();
    waiter->unlink();
    --queue_length_;
    waiter->on_failfast();
  }
  if (waiters_.empty()) queue_length_ = 0;  // some may have left by themselves
}

// ---- health ----

void Balancer::reachable(Endpoint& endpoint) {
  endpoint.availability.succeeded();
  update_ready(endpoint);
}

void Balancer::unreachable(Endpoint& endpoint) {
  endpoint.availability.failed(loop_.now(), loop_.random());
  update_ready(endpoint);
}

void Balancer::classified(Endpoint& endpoint, ResponseClass response) {
  if (endpoint.breaker.record(response, loop_.now(), loop_.random())) update_ready(endpoint);
}

void Balancer::probe_abandoned(Endpoint& endpoint) {
  endpoint.availability.probe_abandoned(loop_.now());
  endpoint.breaker.probe_abandoned(loop_.now());
  update_ready(endpoint);
}

void Balancer::work_ended(Endpoint& endpoint) {
  if (!draining_.empty() && endpoint.is_over()) bury_over();
}

void Balancer::update_ready(Endpoint& endpoint) {
  if (find(endpoint.address) != &endpoint) return;  // withdrawn
  set_ready(endpoint, endpoint.is_pickable());
  next_retry_ = std::min(next_retry_, retry_time(endpoint));
  arm();
  wake_waiters();
}

void Balancer::set_ready(Endpoint& endpoint, bool ready) {
  const bool is_ready = endpoint.ready_index_ != Endpoint::kNotReady;
  if (ready == is_ready) return;
  weights_stale_ = true;
  if (ready) {
    endpoint.ready_index_ = ready_.size();
    ready_.push_back(&endpoint);
    return;
  }
  Endpoint* last = ready_.back();
  ready_[endpoint.ready_index_] = last;
  last->ready_index_ = endpoint.ready_index_;
  ready_.pop_back();
  endpoint.ready_index_ = Endpoint::kNotReady;
}

// Endpoints end at the end of the turn: their own callbacks may be on the stack.
void Balancer::bury_over() {
  for (std::size_t i = 0; i < draining_.size();) {
    if (draining_[i]->pending != 0 || !draining_[i]->is_over()) {
      ++i;
      continue;
    }
    loop_.retire(draining_[i].release(), nullptr, [](void*, void* endpoint) {
      const std::unique_ptr<Endpoint> ended(static_cast<Endpoint*>(endpoint));
    });
    draining_.erase(draining_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

// ---- time ----

void Balancer::arm() {
  TimePoint next = next_retry_;
  if (Waiter* first = waiters_.front())
    next = std::min(next, first->waiting_since + settings_.failfast_timeout);
  if (next == TimePoint::max()) return timer_.stop();
  const auto wait = std::chrono::ceil<Milliseconds>(next - loop_.now());
  timer_.start(std::max(wait, Milliseconds(0)), [this] { on_timer(); });
}

void Balancer::on_timer() {
  if (loop_.now() >= next_retry_) probe_due_endpoints();
  expire_waiters();
  arm();
}

void Balancer::probe_due_endpoints() {
  next_retry_ = TimePoint::max();
  for (const auto& endpoint : endpoints_) {
    const TimePoint retry = retry_time(*endpoint);
    if (retry > loop_.now()) {
      next_retry_ = std::min(next_retry_, retry);
    } else if (!probes_itself(*endpoint)) {
      probe_wanted_ = true;
    }
  }
  // Somebody in the queue goes along as the probe; otherwise the next request does.
  if (!probe_wanted_) return;
  if (Waiter* waiter = waiters_.pop_front()) {
    --queue_length_;
    waiter->on_endpoint_ready();
  }
}

}  // namespace mesh::balance
