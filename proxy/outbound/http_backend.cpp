#include "proxy/outbound/http_backend.h"

namespace mesh::outbound {

using forward::Attempt;
using forward::Cause;

namespace {

HttpEndpoint& endpoint_of(const Attempt& attempt) {
  return static_cast<HttpEndpoint&>(*attempt.target);
}

// l5d-require-id: what cannot be an identity matches no endpoint, so it fails closed.
bool has_required_identity(const HttpEndpoint& endpoint, const http::Head& request) {
  const auto required = request.find(http::Token::kL5dRequireId);
  if (!required) return true;
  const auto& server = endpoint.description().server;
  return server && policy::lower_case(*required) == policy::lower_case(server->identity);
}

// The peer is there but the way to the application is not: only another request can tell when it is
// back.
bool condemns_endpoint(Cause cause) noexcept {
  return cause == Cause::app_refused || cause == Cause::app_timeout || cause == Cause::peer_silent;
}

}  // namespace

HttpBackend::HttpBackend(HttpResources& resources, discover::Discovery& discovery,
                         const policy::Backend& backend,
                         const balance::FailureAccrualConfig& accrual, const Settings& settings,
                         EndpointSensors* sensors)
    : resources_(resources),
      description_(backend),
      accrual_(accrual),
      settings_(settings),
      sensors_(sensors),
      budget_(settings.resend_ratio, settings.resends_per_second, resources.loop.now()),
      balancer_(resources.loop, settings.balancer) {
  if (const auto* balanced = std::get_if<policy::Balanced>(&description_.target)) {
    ewma_ = balanced->ewma;
    watch_ = discovery.watch_endpoints(balanced->destination, *this);
  } else if (const auto* endpoint = std::get_if<policy::Endpoint>(&description_.target)) {
    known_ = make_endpoint(*endpoint);
  }
}

HttpBackend::~HttpBackend() = default;

std::unique_ptr<HttpEndpoint> HttpBackend::make_endpoint(const policy::Endpoint& description) {
  return std::make_unique<HttpEndpoint>(
      resources_, description, ewma_, accrual_, static_cast<HttpEndpoint::Owner&>(*this),
      sensors_ == nullptr ? nullptr : sensors_->sensor_of(description, description_));
}

// ---- endpoints ----

void HttpBackend::on_endpoints(const Snapshot<policy::EndpointDelta>& delta,
                               policy::EndpointSet::State) {
  for (const net::SocketAddress& address : delta->removed) balancer_.remove(address);
  for (const policy::Endpoint& changed : delta->changed) {
    auto* known = static_cast<HttpEndpoint*>(balancer_.find(changed.address));
    policy::Endpoint before = known != nullptr ? known->description() : changed;
    before.weight = changed.weight;
    before.labels = changed.labels;
    if (known != nullptr && before == changed) {
      known->weight = changed.weight == 0 ? 1 : changed.weight;
      balancer_.weights_changed();
      continue;
    }
    balancer_.remove(changed.address);
    balancer_.add(make_endpoint(changed));
  }
  for (const policy::Endpoint& added : delta->added) {
    balancer_.remove(added.address);
    balancer_.add(make_endpoint(added));
  }
}

void HttpBackend::on_reachable(HttpEndpoint& endpoint) { balancer_.reachable(endpoint); }

void HttpBackend::on_unreachable(HttpEndpoint& endpoint, const Error&) {
  balancer_.unreachable(endpoint);
}

void HttpBackend::on_connections_changed(HttpEndpoint& endpoint) { balancer_.work_ended(endpoint); }

// ---- requests ----

HttpBackend::Opened HttpBackend::open(Attempt& attempt) {
  if (known_ != nullptr) return open_on(*known_, attempt, false);
  if (std::holds_alternative<policy::Nowhere>(description_.target))
    return {nullptr, Cause::backend_invalid};
  const auto* avoid = static_cast<const HttpEndpoint*>(attempt.avoid);
  const balance::Balancer::Pick pick = balancer_.pick(avoid);
  if (pick.endpoint == nullptr) return wait(attempt);
  return open_on(static_cast<HttpEndpoint&>(*pick.endpoint), attempt, pick.is_probe);
}

HttpBackend::Opened HttpBackend::wait(Attempt& attempt) {
  switch (balancer_.wait(attempt)) {
    case balance::Balancer::Wait::queued: return {};
    case balance::Balancer::Wait::failfast: return {nullptr, Cause::no_endpoints};
    case balance::Balancer::Wait::full: return {nullptr, Cause::load_shed};
  }
  return {};
}

HttpBackend::Opened HttpBackend::open_on(HttpEndpoint& endpoint, Attempt& attempt, bool is_probe) {
  attempt.target = &endpoint;
  attempt.is_probe = is_probe;
  if (!has_required_identity(endpoint, *attempt.request)) {
    if (is_probe) balancer_.probe_abandoned(endpoint);
    return {nullptr, Cause::identity_required};
  }
  if (attempt.waiting_since == TimePoint{}) attempt.waiting_since = resources_.loop.now();
  const Opened opened = endpoint.open(attempt);
  if (opened.stream != nullptr) {
    ++endpoint.pending;
    if (endpoint.sensor() != nullptr) endpoint.sensor()->on_request();
    if (attempt.avoid == nullptr) budget_.deposit();
  } else if (is_probe) {
    balancer_.probe_abandoned(endpoint);
  }
  return opened;
}

void HttpBackend::responded(Attempt& attempt) {
  const TimePoint now = resources_.loop.now();
  endpoint_of(attempt).latency.record(now - attempt.opened_at, now);
}

void HttpBackend::classified(Attempt& attempt, balance::ResponseClass response) {
  HttpEndpoint& endpoint = endpoint_of(attempt);
  if (attempt.is_probe) balancer_.reachable(endpoint);
  balancer_.classified(endpoint, response);
}

void HttpBackend::broke(Attempt& attempt, Cause cause) {
  HttpEndpoint& endpoint = endpoint_of(attempt);
  if (condemns_endpoint(cause)) balancer_.unreachable(endpoint);
  balancer_.classified(endpoint, balance::ResponseClass::failure);
}

void HttpBackend::ended(Attempt& attempt, const forward::Outcome& outcome) {
  HttpEndpoint& endpoint = endpoint_of(attempt);
  --endpoint.pending;
  if (endpoint.sensor() != nullptr) {
    const bool began = outcome.response_began != TimePoint{};
    endpoint.sensor()->on_response(
        outcome, began ? outcome.response_began - attempt.opened_at : Nanoseconds(0));
  }
  if (attempt.is_probe) balancer_.probe_abandoned(endpoint);
  balancer_.work_ended(endpoint);
}

Cause HttpBackend::cause_of(const http::Reset& reset) const {
  switch (reset.error.code) {
    case Errc::timed_out: return Cause::peer_silent;
    case Errc::protocol:
    case Errc::limit: return Cause::response_invalid;
    default: return Cause::response_lost;
  }
}

// A connection that could not be opened cost no server anything, so there is no budget for it; only
// time bounds it. Where nothing else can be picked, its failure is the answer.
bool HttpBackend::may_retry_connect(const Attempt& attempt) {
  if (known_ != nullptr) return false;
  return resources_.loop.now() - attempt.waiting_since < settings_.balancer.failfast_timeout;
}

bool HttpBackend::may_resend() { return budget_.withdraw(resources_.loop.now()); }

}  // namespace mesh::outbound
