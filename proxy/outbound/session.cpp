#include "proxy/outbound/session.h"

#include <utility>

#include "meshkit/base/log.h"
#include "meshkit/tls/client_hello.h"
#include "proxy/policy/route_match.h"

namespace mesh::outbound {

using forward::Cause;
using listen::Opening;
using listen::Protocol;
using policy::OutboundPolicy;

Session::Session(Resources& resources, Target& target, net::TcpSocket socket, Owner& owner)
    : resources_(resources),
      target_(target),
      owner_(owner),
      accepted_(std::make_unique<net::TcpStream>(resources.loop, std::move(socket))),
      transport_(accepted_.get()),
      first_(resources.loop.pool()) {
  ++target_.sessions;
  if (resources_.accepted != nullptr) resources_.accepted->on_open(*transport_);
  if (resources_.sessions != nullptr) resources_.sessions->on_accepted(*transport_, target_);
}

Session::~Session() {
  --target_.sessions;
  target_.idle_since = resources_.loop.now();
}

void Session::begin(bool last) {
  is_draining_ = last;
  if (target_.is_answered()) return on_target_known();
  target_.wait(*this);
}

// ---- what does it speak? ----

void Session::on_target_known() {
  const OutboundPolicy* policy = target_.policy();
  if (policy == nullptr) return open(Opening::Question::protocol);
  switch (policy->kind) {
    case OutboundPolicy::Kind::opaque: return serve_bytes({}, {}, false);
    case OutboundPolicy::Kind::http1: return serve_http(http::Version::http11, {});
    case OutboundPolicy::Kind::http2:
    case OutboundPolicy::Kind::grpc: return serve_http(http::Version::http2, {});
    case OutboundPolicy::Kind::tls: return open(Opening::Question::client_hello);
    case OutboundPolicy::Kind::detect:
    case OutboundPolicy::Kind::invalid: return open(Opening::Question::protocol);
  }
}

// An HTTP client can be told why; so look at what it says.
void Session::on_target_unknown(const Error&) { on_target_known(); }

void Session::open(Opening::Question question) {
  Opening::Settings settings = resources_.opening;
  if (target_.server_speaks_first) settings.quiet = Milliseconds(0);
  opening_ = std::make_unique<Opening>(resources_.loop, *accepted_, question, settings,
                                       static_cast<Opening::Owner&>(*this));
  opening_->begin();
}

void Session::on_protocol(Protocol protocol, MutableBytes first, bool ended) {
  if (resources_.sessions != nullptr) resources_.sessions->on_protocol(protocol, target_);
  const OutboundPolicy* policy = target_.policy();
  const bool must_be_tls = policy != nullptr && policy->kind == OutboundPolicy::Kind::tls;
  if (must_be_tls) {
    if (protocol != Protocol::tls)
      return fail(Cause::route_not_found, {Errc::protocol, "TLS with a server name is required"});
    const std::string name = tls::read_client_hello(first).server_name;
    return serve_bytes(name, first, ended);
  }
  if (protocol == Protocol::http1) return serve_http(http::Version::http11, first);
  if (protocol == Protocol::http2) return serve_http(http::Version::http2, first);
  serve_bytes({}, first, ended);
}

void Session::on_quiet() {
  if (target_.policy() == nullptr) return;
  is_quiet_ = true;
  const policy::Filters* filters = nullptr;
  if (const policy::Distribution* distribution = opaque_distribution(&filters))
    (void)connect(distribution, filters);
}

void Session::on_gone(const Error& error) { finish(error); }

// ---- HTTP ----

void Session::serve_http(http::Version version, MutableBytes first) {
  drop_far_side();
  router_ =
      std::make_unique<HttpRouter>(resources_.loop, target_, resources_.router, resources_.http);
  http_ = std::make_unique<forward::HttpSession>(resources_.servers, std::move(accepted_), version,
                                                 *router_,
                                                 static_cast<forward::HttpSession::Owner&>(*this));
  http_->start(first);
  if (opening_ != nullptr) resources_.loop.retire(std::move(opening_));
  if (is_draining_) http_->drain();
}

void Session::on_http_closed(const Error& error) { finish(error); }

void Session::on_http_malformed(const char* reason) {
  log::info("outbound", "request refused", "client", transport_->peer().text().view(), "target",
            target_.address().text().view(), "reason", reason);
  if (resources_.sessions != nullptr) resources_.sessions->on_malformed(reason);
}

// The server did not speak first after all: HTTP finds its own way.
void Session::drop_far_side() {
  far_side_closes({Errc::canceled, "not needed"});
  connection_.reset();
  relay_.reset();
  is_quiet_ = false;
}

// ---- bytes ----

const policy::Distribution* Session::opaque_distribution(const policy::Filters** filters) const {
  const OutboundPolicy* policy = target_.policy();
  if (policy == nullptr || !policy->opaque) return nullptr;
  *filters = &policy->opaque->filters;
  return &policy->opaque->distribution;
}

void Session::serve_bytes(std::string_view server_name, MutableBytes first, bool ended) {
  const OutboundPolicy* policy = target_.policy();
  if (policy == nullptr) return fail(Cause::discovery_timeout, target_.unknown_because());
  if (policy->kind == OutboundPolicy::Kind::invalid)
    return fail(Cause::policy_invalid, {Errc::invalid, "policy is invalid"});
  is_relaying_ = true;
  client_ended_ = ended;
  first_.append(first);
  if (opening_ != nullptr) resources_.loop.retire(std::move(opening_));
  if (relay_ != nullptr) return join_relay();
  if (connection_ != nullptr) return;  // being opened since the client was silent

  const policy::Filters* filters = nullptr;
  const policy::Distribution* distribution = opaque_distribution(&filters);
  if (policy->kind == OutboundPolicy::Kind::tls) {
    const auto* route = policy::choose_tls_route(policy->tls, server_name);
    distribution = route != nullptr ? &route->distribution : nullptr;
    filters = route != nullptr ? &route->filters : nullptr;
  }
  if (distribution == nullptr)
    return fail(Cause::route_not_found, {Errc::not_found, "no route for this connection"});
  // While the far side is opened, a client that goes away is noticed.
  accepted_->start(static_cast<net::StreamEvents&>(*this));
  accepted_->pause();
  (void)connect(distribution, filters);
}

bool Session::connect(const policy::Distribution* distribution, const policy::Filters* filters) {
  if (filters != nullptr && !filters->empty() &&
      std::holds_alternative<policy::RejectForbidden>(filters->front())) {
    fail(Cause::unauthorized, {Errc::denied, "the policy forbids this connection"});
    return false;
  }
  TcpBackend* backend = nullptr;
  for (const policy::BackendChoice& choice : distribution->choices) {
    TcpBackend& candidate = target_.tcp_backend(choice.backend);
    if (backend == nullptr || (!backend->is_ready() && candidate.is_ready())) backend = &candidate;
  }
  if (backend == nullptr) {
    fail(Cause::no_endpoints, {Errc::unavailable, "the route has no backend"});
    return false;
  }
  connection_ = std::make_unique<TcpBackend::Connection>(
      *backend, static_cast<TcpBackend::Connection::Owner&>(*this));
  connection_->begin();
  return true;
}

void Session::on_open(forward::Dialed dialed, const TcpEndpoint& endpoint) {
  if (endpoint.sensor() != nullptr) endpoint.sensor()->on_open(*dialed.transport);
  relay_ = std::make_unique<forward::Relay>(resources_.loop, std::move(dialed),
                                            static_cast<forward::Relay::Owner&>(*this));
  is_relaying_ ? join_relay() : relay_->listen();
}

void Session::on_not_opened(Cause cause, const Error& error) {
  // A silent client has asked for nothing yet: it may turn out to speak HTTP.
  if (!is_relaying_) return drop_far_side();
  fail(cause, error);
}

void Session::on_server_spoke() {
  target_.server_speaks_first = true;
  if (is_relaying_) return;
  is_relaying_ = true;
  if (resources_.sessions != nullptr) resources_.sessions->on_protocol(Protocol::opaque, target_);
  first_.append(opening_->kept());
  resources_.loop.retire(std::move(opening_));
  join_relay();
}

void Session::on_server_lost(const Error& error) { fail(Cause::connect_failed, error); }

void Session::join_relay() { relay_->join(*accepted_, std::move(first_), client_ended_); }

void Session::on_relay_over(const net::Pump::Outcome& outcome) {
  finish(outcome.first.failure.value_or(
      outcome.second.failure.value_or(Error{Errc::closed, "both ends are done"})));
}

// ---- the end ----

void Session::fail(Cause cause, const Error& error) {
  if (is_over_) return;
  log::info("outbound", "connection failed", "client", transport_->peer().text().view(), "target",
            target_.address().text().view(), "code", forward::reply_for(cause).code, "error",
            describe(error));
  if (resources_.sessions != nullptr) resources_.sessions->on_failed(cause, target_);
  if (accepted_ != nullptr) accepted_->abort();
  finish(error);
}

void Session::finish(const Error& error) {
  if (std::exchange(is_over_, true)) return;
  if (resources_.accepted != nullptr) resources_.accepted->on_close(*transport_, error);
  far_side_closes(error);
  connection_.reset();
  owner_.on_session_over(*this);
}

// Before the connection lets go of its endpoint, which counts it.
void Session::far_side_closes(const Error& error) {
  if (relay_ == nullptr || connection_ == nullptr) return;
  const TcpEndpoint* endpoint = connection_->endpoint();
  if (endpoint != nullptr && endpoint->sensor() != nullptr)
    endpoint->sensor()->on_close(*relay_->server().transport, error);
}

void Session::drain() {
  is_draining_ = true;
  if (http_ != nullptr) return http_->drain();
  if (relay_ == nullptr && connection_ == nullptr && first_.empty())
    fail(Cause::shutting_down, {Errc::canceled, "shutting down"});
}

bool Session::is_idle() const { return http_ != nullptr && http_->is_idle(); }

}  // namespace mesh::outbound
