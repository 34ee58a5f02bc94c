#pragma once
// Endpoint: one address of a destination as a balancer sees it: how slow, how busy, how healthy.
//
// A Balancer owns its endpoints. The outbound flow derives from this class and adds connections.
// `pending` counts what was given to it and has not ended; an endpoint that was withdrawn lives on
// until that is zero.

#include "meshkit/base/intrusive_list.h"
#include "meshkit/net/address.h"
#include "proxy/balance/availability.h"
#include "proxy/balance/ewma.h"
#include "proxy/balance/failure_accrual.h"

namespace mesh::balance {

struct EndpointTag {};

class Endpoint : public ListLink<EndpointTag> {
 public:
  struct Traits {
    net::SocketAddress address;
    std::uint32_t weight = 10'000;  // relative to its siblings; 0 is treated as 1
    EwmaParameters ewma;
    BackoffRange backoff;
  };

  // `accrual` must outlive the endpoint.
  Endpoint(const Traits& traits, const FailureAccrualConfig& accrual, TimePoint now) noexcept
      : address(traits.address),
        weight(traits.weight == 0 ? 1 : traits.weight),
        latency(traits.ewma, now),
        availability(traits.backoff),
        breaker(accrual, now) {}
  virtual ~Endpoint() = default;

  // Finds out by itself whether it is reachable and tells the balancer (reachable, unreachable).
  // False when only a request can tell: its connection is up, the application behind it is not.
  virtual bool probe() = 0;
  // It was withdrawn: finish what is under way, take nothing new. The balancer destroys it when
  // `is_over`.
  virtual void drain() = 0;
  virtual bool is_over() const = 0;

  bool is_pickable() const noexcept {
    return availability.is_ready() && breaker.state() == FailureAccrual::State::closed;
  }

  const net::SocketAddress address;
  std::uint32_t weight;
  std::uint32_t pending = 0;
  PeakEwma latency;
  Availability availability;
  FailureAccrual breaker;

 private:
  friend class Balancer;
  static constexpr std::size_t kNotReady = ~std::size_t{0};
  std::size_t ready_index_ = kNotReady;
};

}  // namespace mesh::balance
