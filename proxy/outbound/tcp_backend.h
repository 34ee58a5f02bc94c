#pragma once
// TcpBackend: where the connections of a policy's backend go: a balanced destination, one known
// endpoint, or nowhere. The counterpart of HttpBackend for bytes.
//
// The load of an endpoint is its connect time and its open connections. A connection that cannot be
// opened is tried on other endpoints until the fail-fast time is over, for no byte has passed yet.

#include <memory>

#include "proxy/balance/balancer.h"
#include "proxy/discover/discovery.h"
#include "proxy/forward/dial.h"
#include "proxy/forward/http_client.h"
#include "proxy/forward/reply_for.h"
#include "proxy/outbound/endpoint_sensor.h"
#include "proxy/policy/backend.h"

namespace mesh::outbound {

// What all connections of a worker share. Outlives them.
struct TcpResources {
  Loop& loop;
  const forward::ClientTls& tls;
  net::ConnectOptions connect;
  balance::BackoffRange backoff;
  EndpointSensors* sensors = nullptr;
};

class TcpEndpoint final : public balance::Endpoint {
 public:
  TcpEndpoint(const TcpResources& resources, const policy::Endpoint& description,
              const policy::Backend& backend, const balance::EwmaParameters& ewma);

  const policy::Endpoint& description() const noexcept { return description_; }
  const forward::DialTarget& target() const noexcept { return target_; }
  EndpointSensor* sensor() const noexcept { return sensor_.get(); }

  bool probe() override { return false; }
  void drain() override {}
  bool is_over() const override { return pending == 0; }

 private:
  policy::Endpoint description_;
  forward::DialTarget target_;
  std::unique_ptr<EndpointSensor> sensor_;  // may be null
};

class TcpBackend final : private discover::EndpointsWatcher {
 public:
  // One connection through the backend, from the wish for it to its end. Destroying it gives up or
  // ends the accounting.
  class Connection;

  // References outlive the backend; `backend` is copied.
  TcpBackend(const TcpResources& resources, discover::Discovery& discovery,
             const policy::Backend& backend, const balance::Balancer::Settings& settings);
  ~TcpBackend();

  bool is_ready() const noexcept { return !balancer_.in_failfast(); }
  bool is_idle() const noexcept { return connections_ == 0; }
  const policy::Backend& description() const noexcept { return description_; }
  const balance::Balancer& balancer() const noexcept { return balancer_; }

 private:
  void on_endpoints(const Snapshot<policy::EndpointDelta>& delta,
                    policy::EndpointSet::State state) override;

  const TcpResources& resources_;
  const policy::Backend description_;
  const Milliseconds failfast_timeout_;
  balance::EwmaParameters ewma_;
  balance::Balancer balancer_;
  std::unique_ptr<TcpEndpoint> known_;
  std::size_t connections_ = 0;
  discover::Discovery::Watch watch_;
};

class TcpBackend::Connection final : private balance::Waiter {
 public:
  class Owner {
   public:
    virtual void on_open(forward::Dialed dialed, const TcpEndpoint& endpoint) = 0;
    virtual void on_not_opened(forward::Cause cause, const Error& error) = 0;

   protected:
    ~Owner() = default;
  };

  // Both outlive it. Exactly one of the owner's events follows `begin`, maybe from inside it.
  Connection(TcpBackend& backend, Owner& owner);
  ~Connection();
  Connection(const Connection&) = delete;

  void begin();
  const TcpEndpoint* endpoint() const noexcept { return endpoint_; }

 private:
  void on_endpoint_ready() override { begin(); }
  void on_failfast() override;
  void on_dialed(Result<forward::Dialed> dialed);
  void dial(TcpEndpoint& endpoint, bool is_probe);
  void leave_endpoint();

  TcpBackend& backend_;
  Owner& owner_;
  TcpEndpoint* endpoint_ = nullptr;
  bool is_probe_ = false;
  std::unique_ptr<forward::Dial> dial_;
};

}  // namespace mesh::outbound
