#pragma once
// HttpEndpoint: an endpoint of a balancer with the HTTP connections that lead to it.
//
// A proxy of the mesh (hint h2) takes all HTTP on one HTTP/2 connection; requests that cannot be
// carried there (upgrades, CONNECT) and endpoints outside of the mesh get HTTP/1 connections of
// their own. Connections are opened when first needed.

#include <optional>

#include "proxy/balance/balancer.h"
#include "proxy/forward/h1_pool.h"
#include "proxy/forward/h2_channel.h"
#include "proxy/outbound/endpoint_sensor.h"
#include "proxy/policy/endpoint.h"

namespace mesh::outbound {

// What all endpoints of a worker share. Outlives them.
struct HttpResources {
  Loop& loop;
  http::H2Context& h2;
  const forward::ClientTls& tls;
  const forward::H1PoolSettings& h1;
  net::ConnectOptions connect;
  balance::BackoffRange backoff;
};

class HttpEndpoint final : public balance::Endpoint,
                           public forward::Target,
                           private forward::HttpClientEvents {
 public:
  class Owner {
   public:
    virtual void on_reachable(HttpEndpoint& endpoint) = 0;
    virtual void on_unreachable(HttpEndpoint& endpoint, const Error& error) = 0;
    virtual void on_connections_changed(HttpEndpoint& endpoint) = 0;

   protected:
    ~Owner() = default;
  };

  HttpEndpoint(HttpResources& resources, const policy::Endpoint& description,
               const balance::EwmaParameters& ewma, const balance::FailureAccrualConfig& accrual,
               Owner& owner, std::unique_ptr<EndpointSensor> sensor);

  forward::Dispatcher::Opened open(forward::Attempt& attempt);

  const policy::Endpoint& description() const noexcept { return description_; }
  EndpointSensor* sensor() const noexcept { return sensor_.get(); }
  bool is_meshed() const noexcept override { return description_.server.has_value(); }
  bool carries_http1() const noexcept override {
    return description_.hint == policy::ProtocolHint::h2 && !description_.is_local;
  }

  bool probe() override;
  void drain() override;
  bool is_over() const override;

 private:
  void on_reachable() override { owner_.on_reachable(*this); }
  void on_unreachable(const Error& error) override { owner_.on_unreachable(*this, error); }
  void on_connections_changed() override { owner_.on_connections_changed(*this); }

  forward::H2Channel& channel();
  forward::H1Pool& pool();

  HttpResources& resources_;
  policy::Endpoint description_;
  Owner& owner_;
  std::unique_ptr<EndpointSensor> sensor_;  // may be null
  forward::DialTarget h2_target_;
  forward::DialTarget h1_target_;
  std::optional<forward::H2Channel> channel_;
  std::optional<forward::H1Pool> pool_;
};

// How to reach an endpoint for sessions of that protocol.
forward::DialTarget dial_target(const policy::Endpoint& endpoint, policy::SessionProtocol session,
                                const net::ConnectOptions& connect);

}  // namespace mesh::outbound
