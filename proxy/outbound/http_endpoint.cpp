#include "proxy/outbound/http_endpoint.h"

#include "proxy/policy/transport_header.h"

namespace mesh::outbound {

using forward::Dispatcher;

forward::DialTarget dial_target(const policy::Endpoint& endpoint, policy::SessionProtocol session,
                                const net::ConnectOptions& connect) {
  forward::DialTarget target{.address = endpoint.dial_address(),
                             .connect = connect,
                             .tls = std::nullopt,
                             .transport_header = {}};
  if (!endpoint.server) return target;
  target.tls = forward::DialTarget::Tls{.server_name = endpoint.server->server_name,
                                        .identity = endpoint.server->identity};
  if (const auto header = endpoint.transport_header(session))
    target.transport_header = policy::encode(*header);
  return target;
}

HttpEndpoint::HttpEndpoint(HttpResources& resources, const policy::Endpoint& description,
                           const balance::EwmaParameters& ewma,
                           const balance::FailureAccrualConfig& accrual, Owner& owner,
                           std::unique_ptr<EndpointSensor> sensor)
    : Endpoint({.address = description.address,
                .weight = description.weight,
                .ewma = ewma,
                .backoff = resources.backoff},
               accrual, resources.loop.now()),
      resources_(resources),
      description_(description),
      owner_(owner),
      sensor_(std::move(sensor)),
      h2_target_(dial_target(description, policy::SessionProtocol::http2, resources.connect)),
      h1_target_(dial_target(description, policy::SessionProtocol::http1, resources.connect)) {}

forward::H2Channel& HttpEndpoint::channel() {
  if (!channel_)
    channel_.emplace(resources_.h2, h2_target_, resources_.tls,
                     static_cast<forward::HttpClientEvents&>(*this), sensor_.get());
  return *channel_;
}

forward::H1Pool& HttpEndpoint::pool() {
  if (!pool_)
    pool_.emplace(resources_.loop, h1_target_, resources_.tls, resources_.h1,
                  static_cast<forward::HttpClientEvents&>(*this), sensor_.get());
  return *pool_;
}

Dispatcher::Opened HttpEndpoint::open(forward::Attempt& attempt) {
  const bool as_http2 =
      attempt.client_version == http::Version::http2 || (attempt.can_be_carried && carries_http1());
  return as_http2 ? channel().open(attempt) : pool().open(attempt);
}

bool HttpEndpoint::probe() {
  return carries_http1() || !pool_ ? channel().probe() : pool().probe();
}

void HttpEndpoint::drain() {
  if (channel_) channel_->drain();
  if (pool_) pool_->drain();
}

bool HttpEndpoint::is_over() const {
  return (!channel_ || channel_->is_over()) && (!pool_ || pool_->is_over());
}

}  // namespace mesh::outbound
