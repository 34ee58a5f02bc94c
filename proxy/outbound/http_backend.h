#pragma once
// HttpBackend: where the requests of a policy's backend go: a balanced destination, one known
// endpoint, or nowhere. One per worker and backend key, shared by all routes that name it.
//
// Balanced: endpoints come from discovery; picking, probing, fail-fast and breakers are the
// Balancer's. Known: the one endpoint is used whatever its state, and its failure is the answer.

#include <memory>

#include "proxy/balance/balancer.h"
#include "proxy/balance/retry_budget.h"
#include "proxy/discover/discovery.h"
#include "proxy/forward/dispatcher.h"
#include "proxy/outbound/http_endpoint.h"
#include "proxy/policy/backend.h"

namespace mesh::outbound {

class HttpBackend final : public forward::Dispatcher,
                          private HttpEndpoint::Owner,
                          private discover::EndpointsWatcher {
 public:
  struct Settings {
    balance::Balancer::Settings balancer;
    // Resends: a fifth of the requests, and ten a second whatever their number.
    double resend_ratio = 0.2;
    double resends_per_second = 10;
  };

  // References outlive the backend; `backend` and `accrual` are copied.
  HttpBackend(HttpResources& resources, discover::Discovery& discovery,
              const policy::Backend& backend, const balance::FailureAccrualConfig& accrual,
              const Settings& settings, EndpointSensors* sensors);
  ~HttpBackend() override;

  // Whether a request given to it now has a chance: not in fail-fast.
  bool is_ready() const noexcept { return !balancer_.in_failfast(); }
  // Exchanges that were routed here and are not over; without any it may be forgotten.
  std::size_t exchanges = 0;
  const policy::Backend& description() const noexcept { return description_; }
  const balance::FailureAccrualConfig& accrual() const noexcept { return accrual_; }
  const balance::Balancer& balancer() const noexcept { return balancer_; }

  Opened open(forward::Attempt& attempt) override;
  void responded(forward::Attempt& attempt) override;
  void classified(forward::Attempt& attempt, balance::ResponseClass response) override;
  void broke(forward::Attempt& attempt, forward::Cause cause) override;
  void ended(forward::Attempt& attempt, const forward::Outcome& outcome) override;
  forward::Cause cause_of(const http::Reset& reset) const override;
  bool may_retry_connect(const forward::Attempt& attempt) override;
  bool may_resend() override;

 private:
  void on_endpoints(const Snapshot<policy::EndpointDelta>& delta,
                    policy::EndpointSet::State state) override;
  void on_reachable(HttpEndpoint& endpoint) override;
  void on_unreachable(HttpEndpoint& endpoint, const Error& error) override;
  void on_connections_changed(HttpEndpoint& endpoint) override;

  Opened wait(forward::Attempt& attempt);
  Opened open_on(HttpEndpoint& endpoint, forward::Attempt& attempt, bool is_probe);
  std::unique_ptr<HttpEndpoint> make_endpoint(const policy::Endpoint& description);

  HttpResources& resources_;
  const policy::Backend description_;
  const balance::FailureAccrualConfig accrual_;
  const Settings settings_;
  EndpointSensors* sensors_;  // may be null
  balance::RetryBudget budget_;
  balance::Balancer balancer_;
  std::unique_ptr<HttpEndpoint> known_;
  balance::EwmaParameters ewma_;
  discover::Discovery::Watch watch_;
};

}  // namespace mesh::outbound
