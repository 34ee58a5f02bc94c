#pragma once
// HttpRouter: the outbound decisions about the requests of one client connection.
//
// Chooses the route of the target's current policy and a backend of its distribution; rewrites
// heads for where they go: hop-by-hop fields go, HTTP/1 is carried over HTTP/2 to proxies of the
// mesh, fields that only proxies say to each other do not reach the application.

#include "proxy/forward/exchange.h"
#include "proxy/outbound/target.h"

namespace mesh::outbound {

// What happens to exchanges, for metrics and limits. One per worker.
class HttpSensor {
 public:
  // What counts the requests of a route that go to a backend.
  virtual std::unique_ptr<forward::RequestSensor> sensor_of(const policy::OutboundPolicy& policy,
                                                            const policy::Meta& route,
                                                            const policy::Backend& backend,
                                                            bool is_grpc) = 0;
  // Told for every exchange, also those without a route.
  virtual void on_over(const forward::Outcome& outcome) = 0;

 protected:
  ~HttpSensor() = default;
};

class HttpRouter final : public forward::Route {
 public:
  struct Settings {
    bool tells_errors = true;  // l5d-* error fields towards the application
  };

  // All outlive it.
  HttpRouter(Loop& loop, Target& target, const Settings& settings, HttpSensor* sensor);

  Plan route(http::Head& request) override;
  void prepare(http::Head& request, const forward::Attempt& attempt) override;
  void on_response(http::Head& response, const http::Head& request,
                   const forward::Attempt& attempt) override;
  bool tells_errors() const override { return settings_.tells_errors; }
  void on_over(const forward::Outcome& outcome, const http::Head& request, void* context) override;

 private:
  template <class Route>
  Plan route_by(const policy::Routes<Route>& routes, const http::Head& request);
  HttpBackend* choose(const policy::Distribution& distribution,
                      const balance::FailureAccrualConfig& accrual);
  HttpBackend* draw(const policy::Distribution& distribution,
                    const balance::FailureAccrualConfig& accrual);

  Loop& loop_;
  Target& target_;
  const Settings& settings_;
  HttpSensor* sensor_;
};

}  // namespace mesh::outbound
