#include "proxy/outbound/tcp_backend.h"

#include <utility>

#include "proxy/outbound/http_endpoint.h"

namespace mesh::outbound {

using forward::Cause;

TcpEndpoint::TcpEndpoint(const TcpResources& resources, const policy::Endpoint& description,
                         const policy::Backend& backend, const balance::EwmaParameters& ewma)
    : Endpoint({.address = description.address,
                .weight = description.weight,
                .ewma = ewma,
                .backoff = resources.backoff},
               balance::kNoFailureAccrual, resources.loop.now()),
      description_(description),
      target_(dial_target(description, policy::SessionProtocol::opaque, resources.connect)),
      sensor_(resources.sensors == nullptr ? nullptr
                                           : resources.sensors->sensor_of(description, backend)) {}

TcpBackend::TcpBackend(const TcpResources& resources, discover::Discovery& discovery,
                       const policy::Backend& backend, const balance::Balancer::Settings& settings)
    : resources_(resources),
      description_(backend),
      failfast_timeout_(settings.failfast_timeout),
      balancer_(resources.loop, settings) {
  if (const auto* balanced = std::get_if<policy::Balanced>(&description_.target)) {
    ewma_ = balanced->ewma;
    watch_ = discovery.watch_endpoints(balanced->destination, *this);
  } else if (const auto* endpoint = std::get_if<policy::Endpoint>(&description_.target)) {
    known_ = std::make_unique<TcpEndpoint>(resources_, *endpoint, description_, ewma_);
  }
}

TcpBackend::~TcpBackend() = default;

void TcpBackend::on_endpoints(const Snapshot<policy::EndpointDelta>& delta,
                              policy::EndpointSet::State) {
  for (const net::SocketAddress& address : delta->removed) balancer_.remove(address);
  const auto replace = [this](const policy::Endpoint& endpoint) {
    balancer_.remove(endpoint.address);
    balancer_.add(std::make_unique<TcpEndpoint>(resources_, endpoint, description_, ewma_));
  };
  for (const policy::Endpoint& changed : delta->changed) replace(changed);
  for (const policy::Endpoint& added : delta->added) replace(added);
}

// ---- one connection ----

TcpBackend::Connection::Connection(TcpBackend& backend, Owner& owner)
    : backend_(backend), owner_(owner) {
  ++backend_.connections_;
  waiting_since = backend_.resources_.loop.now();
}

TcpBackend::Connection::~Connection() {
  leave_endpoint();
  --backend_.connections_;
}

void TcpBackend::Connection::leave_endpoint() {
  if (endpoint_ == nullptr) return;
  TcpEndpoint& left = *std::exchange(endpoint_, nullptr);
  --left.pending;
  if (is_probe_) backend_.balancer_.probe_abandoned(left);
  backend_.balancer_.work_ended(left);
}

void TcpBackend::Connection::begin() {
  if (backend_.known_ != nullptr) return dial(*backend_.known_, false);
  if (std::holds_alternative<policy::Nowhere>(backend_.description_.target))
    return owner_.on_not_opened(Cause::backend_invalid, {Errc::not_found, "backend has no target"});
  const balance::Balancer::Pick pick = backend_.balancer_.pick();
  if (pick.endpoint != nullptr)
    return dial(static_cast<TcpEndpoint&>(*pick.endpoint), pick.is_probe);
  switch (backend_.balancer_.wait(*this)) {
    case balance::Balancer::Wait::queued: return;
    case balance::Balancer::Wait::failfast: return on_failfast();
    case balance::Balancer::Wait::full:
      return owner_.on_not_opened(Cause::load_shed, {Errc::limit, "connection queue is full"});
  }
}

void TcpBackend::Connection::dial(TcpEndpoint& endpoint, bool is_probe) {
  endpoint_ = &endpoint;
  is_probe_ = is_probe;
  ++endpoint.pending;
  dial_ = std::make_unique<forward::Dial>(
      backend_.resources_.loop, endpoint.target(), backend_.resources_.tls,
      [this](Result<forward::Dialed> dialed) { on_dialed(std::move(dialed)); });
}

void TcpBackend::Connection::on_dialed(Result<forward::Dialed> dialed) {
  const std::unique_ptr<forward::Dial> finished = std::move(dial_);
  const TimePoint now = backend_.resources_.loop.now();
  if (dialed) {
    is_probe_ = false;
    endpoint_->latency.record(dialed->connect_time, now);
    backend_.balancer_.reachable(*endpoint_);
    return owner_.on_open(std::move(*dialed), *endpoint_);
  }
  is_probe_ = false;
  backend_.balancer_.unreachable(*endpoint_);
  leave_endpoint();
  const bool late = now - waiting_since >= backend_.failfast_timeout_;
  if (backend_.known_ == nullptr && !late) return begin();
  owner_.on_not_opened(forward::connect_cause(dialed.error()), dialed.error());
}

void TcpBackend::Connection::on_failfast() {
  owner_.on_not_opened(Cause::no_endpoints,
                       {Errc::unavailable, "no endpoint became ready in time"});
}

}  // namespace mesh::outbound
