#include "proxy/inbound/session.h"

#include <utility>

#include "meshkit/base/log.h"
#include "meshkit/tls/client_hello.h"

namespace mesh::inbound {

using forward::Cause;
using listen::Opening;
using listen::Protocol;
using policy::ServerPolicy;

Session::Session(Resources& resources, net::TcpSocket socket, const net::SocketAddress& destination,
                 Owner& owner)
    : resources_(resources),
      owner_(owner),
      destination_(destination),
      peer_{.address = socket.peer(), .is_tls = false, .identity = {}},
      first_(resources.loop.pool()),
      deadline_(resources.loop,
                [this] { fail(Cause::request_timeout, {Errc::timed_out, "handshake too slow"}); }) {
  auto stream = std::make_unique<net::TcpStream>(resources.loop, std::move(socket));
  transport_ = stream.get();
  client_ = std::move(stream);
  if (resources_.accepted != nullptr) resources_.accepted->on_open(*transport_);
}

Session::~Session() {
  if (port_ == nullptr) return;
  --port_->sessions;
  port_->idle_since = resources_.loop.now();
}

// ---- which port, under which policy ----

void Session::begin(bool last) {
  is_draining_ = last;
  if (destination_.port() == resources_.own_port) {
    deadline_.arm(resources_.handshake_timeout);
    return open(Opening::Question::client_hello);
  }
  use_port(destination_.port());
}

void Session::use_port(std::uint16_t number) {
  port_ = &resources_.ports.port(number);
  ++port_->sessions;
  if (port_->policy() != nullptr) return serve_port();
  port_->wait(*this);
}

void Session::on_port_known() { serve_port(); }

void Session::serve_port() {
  if (step_ == Step::header) return serve_inside_tls();
  if (port_->policy()->kind == ServerPolicy::Kind::opaque) return serve_bytes({}, false);
  open(Opening::Question::client_hello_or_protocol);
}

void Session::open(Opening::Question question) {
  Opening::Settings settings = resources_.opening;
  if (port_ != nullptr && port_->server_speaks_first) settings.quiet = Milliseconds(0);
  opening_ = std::make_unique<Opening>(resources_.loop, *client_, question, settings,
                                       static_cast<Opening::Owner&>(*this));
  opening_->begin();
}

void Session::close_opening() {
  if (opening_ != nullptr) resources_.loop.retire(std::move(opening_));
}

// ---- what does it speak? ----

void Session::on_protocol(Protocol protocol, MutableBytes first, bool ended) {
  if (step_ == Step::first_bytes && protocol == Protocol::tls) return on_client_hello(first, ended);
  if (port_ == nullptr)
    return fail(Cause::unauthorized, {Errc::denied, "this port only takes proxies of the mesh"});
  if (resources_.sessions != nullptr) resources_.sessions->on_protocol(protocol, *port_, peer_);
  switch (port_->policy()->kind) {
    case ServerPolicy::Kind::http1:
      return serve_http(protocol == Protocol::http2 && peer_.is_tls ? http::Version::http2
                                                                    : http::Version::http11,
                        first);
    case ServerPolicy::Kind::http2:
    case ServerPolicy::Kind::grpc: return serve_http(http::Version::http2, first);
    case ServerPolicy::Kind::tls: return serve_bytes(first, ended);
    default: break;
  }
  if (protocol == Protocol::http1) return serve_http(http::Version::http11, first);
  if (protocol == Protocol::http2) return serve_http(http::Version::http2, first);
  serve_bytes(first, ended);
}

// Only TLS for our own name is ended here; the application's own TLS passes.
void Session::on_client_hello(MutableBytes first, bool ended) {
  const std::string name = tls::read_client_hello(first).server_name;
  const bool is_ours =
      resources_.tls.server_context() != nullptr && name == resources_.tls.server_name();
  if (is_ours) {
    drop_far_side();
    return shake_hands(first);
  }
  if (port_ == nullptr)
    return fail(Cause::unauthorized, {Errc::identity, "TLS for another name on the proxy's port"});
  if (resources_.sessions != nullptr)
    resources_.sessions->on_protocol(Protocol::tls, *port_, peer_);
  serve_bytes(first, ended);
}

void Session::on_quiet() {
  // A proxy of the mesh speaks at once; on its own port nobody else is served.
  if (port_ == nullptr) return;
  const ServerPolicy::Kind kind = port_->policy()->kind;
  if (kind != ServerPolicy::Kind::detect && kind != ServerPolicy::Kind::tls) return;
  if (policy::authorize_connection(*port_->policy(), peer_.client()).is_allowed()) dial_app();
}

void Session::on_gone(const Error& error) { finish(error); }

// ---- TLS, ended here ----

void Session::shake_hands(Bytes first) {
  step_ = Step::handshake;
  deadline_.arm(resources_.handshake_timeout);
  ByteQueue received(resources_.loop.pool());
  received.append(first);
  handshake_ = std::make_unique<tls::Handshake>(
      resources_.loop, *resources_.tls.server_context(), std::move(client_),
      tls::Handshake::AsServer{.received = std::move(received)},
      [this](Result<tls::Secured> secured) { on_secured(std::move(secured)); });
  close_opening();
}

void Session::on_secured(Result<tls::Secured> secured) {
  const std::unique_ptr<tls::Handshake> finished = std::move(handshake_);
  deadline_.disarm();
  if (!secured) {
    log::info("inbound", "TLS handshake failed", "client", peer_.address.text().view(), "error",
              describe(secured.error()));
    return finish(secured.error());
  }
  client_ = std::move(secured->stream);
  peer_.is_tls = true;
  peer_.identity = std::move(secured->identity);
  if (port_ != nullptr) return serve_inside_tls();
  if (peer_.identity.empty())
    return fail(Cause::unauthorized, {Errc::identity, "client showed no certificate"});
  if (!secured->transport_header)
    return fail(Cause::request_malformed, {Errc::protocol, "transport header is required"});
  step_ = Step::header;
  deadline_.arm(resources_.handshake_timeout);
  client_->start(static_cast<net::StreamEvents&>(*this));
}

// ---- the transport header ----

void Session::on_data(MutableBytes bytes) {
  if (step_ != Step::header || header_) {
    first_.append(bytes);
    return client_->pause();
  }
  // In one piece as a rule; what came before is put in front when it was not.
  MutableBytes all = bytes;
  std::vector<std::uint8_t> joined;
  if (!first_.empty()) {
    joined.reserve(first_.size() + bytes.size());
    while (!first_.empty()) {
      const Bytes run = first_.front();
      joined.insert(joined.end(), run.begin(), run.end());
      first_.consume(run.size());
    }
    joined.insert(joined.end(), bytes.begin(), bytes.end());
    all = joined;
  }
  const auto decoded = policy::decode_transport_header(all);
  if (!decoded) return fail(Cause::request_malformed, decoded.error());
  if (decoded->size == 0) return first_.append(all);
  on_header(decoded->header, all.subspan(decoded->size));
}

void Session::on_header(const policy::TransportHeader& header, MutableBytes rest) {
  deadline_.disarm();
  client_->pause();
  header_ = header;
  first_.append(rest);
  if (resources_.sessions != nullptr) resources_.sessions->on_transport_header(header, peer_);
  if (!header.name.empty())
    return fail(Cause::route_not_found, {Errc::not_found, "this proxy is no gateway"});
  if (header.port == resources_.own_port)
    return fail(Cause::loop, {Errc::invalid, "transport header names the proxy's own port"});
  destination_ = destination_.with_port(header.port);
  use_port(header.port);
}

void Session::on_end() { client_ended_ = true; }

void Session::serve_inside_tls() {
  step_ = Step::inside_tls;
  if (header_) {
    const bool is_http = header_->protocol != policy::SessionProtocol::opaque;
    if (!is_http && !port_->policy()->carries_bytes())
      return fail(Cause::unauthorized, {Errc::denied, "the port takes HTTP only"});
    // The peer has said what it speaks.
    ByteQueue first = std::move(first_);
    first_ = ByteQueue(resources_.loop.pool());
    MutableBytes scratch = resources_.loop.plain_scratch();
    std::size_t size = 0;
    while (!first.empty() && size < scratch.size()) {
      const Bytes run = first.front();
      const std::size_t n = std::min(run.size(), scratch.size() - size);
      std::copy_n(run.begin(), n, scratch.begin() + static_cast<std::ptrdiff_t>(size));
      size += n;
      first.consume(n);
    }
    if (!is_http) return serve_bytes(scratch.first(size), client_ended_);
    return serve_http(header_->protocol == policy::SessionProtocol::http2 ? http::Version::http2
                                                                          : http::Version::http11,
                      scratch.first(size));
  }
  switch (port_->policy()->kind) {
    case ServerPolicy::Kind::tls: return serve_bytes({}, false);
    case ServerPolicy::Kind::http2:
    case ServerPolicy::Kind::grpc: return serve_http(http::Version::http2, {});
    default: return open(Opening::Question::protocol);
  }
}

// ---- HTTP ----

void Session::serve_http(http::Version version, MutableBytes first) {
  drop_far_side();
  step_ = Step::serving;
  if (resources_.sessions != nullptr)
    resources_.sessions->on_known(*transport_, *port_, peer_, destination_);
  router_ = std::make_unique<HttpRouter>(*port_, port_->app(destination_), peer_, version,
                                         resources_.http);
  http_ = std::make_unique<forward::HttpSession>(resources_.servers, std::move(client_), version,
                                                 *router_,
                                                 static_cast<forward::HttpSession::Owner&>(*this));
  http_->start(first);
  close_opening();
  if (is_draining_) http_->drain();
}

void Session::on_http_closed(const Error& error) { finish(error); }

void Session::on_http_malformed(const char* reason) {
  log::info("inbound", "request refused", "client", peer_.address.text().view(), "client_id",
            peer_.identity, "target", destination_.text().view(), "reason", reason);
  if (resources_.sessions != nullptr) resources_.sessions->on_malformed(reason);
}

// ---- bytes ----

bool Session::is_allowed(bool terminated) {
  const policy::Verdict verdict = policy::authorize_connection(*port_->policy(), peer_.client());
  if (resources_.sessions != nullptr && (!terminated || !verdict.is_allowed()))
    resources_.sessions->on_connection_judged(*port_, peer_, destination_, verdict, terminated);
  return verdict.is_allowed();
}

void Session::serve_bytes(MutableBytes first, bool ended) {
  if (!is_allowed(false))
    return fail(Cause::unauthorized, {Errc::denied, "client is not authorized on this port"});
  step_ = Step::serving;
  is_relaying_ = true;
  if (resources_.sessions != nullptr)
    resources_.sessions->on_known(*transport_, *port_, peer_, destination_);
  client_ended_ = client_ended_ || ended;
  first_.append(first);
  close_opening();
  port_->hold(*this);
  if (relay_ != nullptr) return join_relay();
  // While the application is dialled, a client that goes away is noticed.
  client_->start(static_cast<net::StreamEvents&>(*this));
  client_->pause();
  if (dial_ == nullptr) dial_app();
}

void Session::dial_app() {
  app_target_ = std::make_unique<forward::DialTarget>(forward::DialTarget{
      .address = destination_, .connect = resources_.connect, .tls = {}, .transport_header = {}});
  dial_ = std::make_unique<forward::Dial>(
      resources_.loop, *app_target_, resources_.app_tls,
      [this](Result<forward::Dialed> dialed) { on_dialed(std::move(dialed)); });
}

void Session::on_dialed(Result<forward::Dialed> dialed) {
  const std::unique_ptr<forward::Dial> finished = std::move(dial_);
  if (!dialed) {
    if (!is_relaying_) return;  // the client is silent still; it will be told when it speaks
    return fail(forward::app_connect_cause(dialed.error()), dialed.error());
  }
  if (resources_.connected != nullptr) resources_.connected->on_open(*dialed->transport);
  relay_ = std::make_unique<forward::Relay>(resources_.loop, std::move(*dialed),
                                            static_cast<forward::Relay::Owner&>(*this));
  is_relaying_ ? join_relay() : relay_->listen();
}

void Session::on_server_spoke() {
  port_->server_speaks_first = true;
  if (is_relaying_) return;
  const Bytes kept = opening_ != nullptr ? opening_->kept() : Bytes{};
  std::vector<std::uint8_t> first(kept.begin(), kept.end());
  if (resources_.sessions != nullptr)
    resources_.sessions->on_protocol(Protocol::opaque, *port_, peer_);
  serve_bytes(first, false);
}

void Session::on_server_lost(const Error& error) { fail(Cause::app_lost, error); }

void Session::join_relay() { relay_->join(*client_, std::move(first_), client_ended_); }

void Session::on_relay_over(const net::Pump::Outcome& outcome) {
  finish(outcome.first.failure.value_or(
      outcome.second.failure.value_or(Error{Errc::closed, "both ends are done"})));
}

void Session::drop_far_side() {
  dial_.reset();
  if (relay_ != nullptr && resources_.connected != nullptr)
    resources_.connected->on_close(*relay_->server().transport, {Errc::canceled, "not needed"});
  relay_.reset();
}

void Session::on_policy_changed() {
  if (is_over_ || is_allowed(true)) return;
  fail(Cause::unauthorized, {Errc::denied, "the policy changed and no longer allows this client"});
}

// ---- the end ----

void Session::fail(Cause cause, const Error& error) {
  if (is_over_) return;
  log::info("inbound", "connection failed", "client", peer_.address.text().view(), "client_id",
            peer_.identity, "target", destination_.text().view(), "code",
            forward::reply_for(cause).code, "error", describe(error));
  if (resources_.sessions != nullptr) resources_.sessions->on_failed(cause, destination_);
  if (client_ != nullptr) client_->abort();
  finish(error);
}

void Session::finish(const Error& error) {
  if (std::exchange(is_over_, true)) return;
  deadline_.disarm();
  if (resources_.accepted != nullptr) resources_.accepted->on_close(*transport_, error);
  if (relay_ != nullptr && resources_.connected != nullptr)
    resources_.connected->on_close(*relay_->server().transport, error);
  dial_.reset();
  owner_.on_session_over(*this);
}

void Session::drain() {
  is_draining_ = true;
  if (http_ != nullptr) return http_->drain();
  if (step_ != Step::serving && relay_ == nullptr)
    fail(Cause::shutting_down, {Errc::canceled, "shutting down"});
}

}  // namespace mesh::inbound
