#include "meshkit/http/h1_server.h"

#include <utility>

#include "meshkit/http/hop_by_hop.h"

// The order of this file is that of an exchange: what arrives, what is answered (called by its
// user), and what a turn's end settles (flush). How a connection ends is in h1_server_end.cpp.

namespace mesh::http {

static_assert(sizeof(H1Server) <= 1024);

H1Server::H1Server(Loop& loop, net::Stream& stream, ServerEvents& events, const H1Limits& limits)
    : loop_(&loop),
      events_(&events),
      limits_(&limits),
      link_(stream, limits.window),
      parser_(H1Parser::Kind::request, loop.pool(), limits),
      kept_(loop.pool()),
      deadline_(loop, [this] { on_slow(); }) {}

H1Server::~H1Server() { abort(); }

void H1Server::start(Bytes prefix) {
  read(prefix);
  keep(prefix);
  link_.start(*this);
  watch();
}

// ---- What arrives

void H1Server::on_data(MutableBytes bytes) {
  moved_ = true;
  Bytes input = bytes;
  if (kept_.empty()) read(input);
  keep(input);
  watch();
}

void H1Server::on_end() {
  client_ended_ = true;
  if (kept_.empty()) end_input();
  watch();
}

// Reads until the input is used up or has to wait for the exchange under way.
void H1Server::read(Bytes& input) {
  for (;;) {
    if (reading_ == Reading::discard) input = {};
    if (reading_ == Reading::discard || reading_ == Reading::wait) return;
    if (!take(parser_.next(input))) return;
  }
}

void H1Server::keep(Bytes input) {
  if (!input.empty()) kept_.append(input);
  steer();
}

void H1Server::read_kept() {
  while (!kept_.empty() && reading_ != Reading::wait && !closed_) {
    Bytes input = kept_.front();
    const std::size_t size = input.size();
    read(input);
    kept_.consume(size - input.size());
  }
  if (kept_.empty() && client_ended_) end_input();
}

// The client has ended, and all it sent before has been read.
void H1Server::end_input() {
  switch (reading_) {
    case Reading::wait:
    case Reading::discard: return;
    case Reading::request:
      if (parser_.is_idle()) return close_gracefully();
      break;
    case Reading::body:
    case Reading::tunnel: break;
  }
  take(parser_.finish());
}

// False when the input is used up.
bool H1Server::take(H1Parser::Step step) {
  switch (step) {
    case H1Parser::Step::more: return false;
    case H1Parser::Step::head: take_head(); return true;
    case H1Parser::Step::body: take_body(parser_.body()); return true;
    case H1Parser::Step::trailers: exchange_->on_trailers(parser_.head()); return true;
    case H1Parser::Step::end: end_request(); return true;
    case H1Parser::Step::fault: refuse(parser_.fault()); return true;
  }
  return false;
}

void H1Server::take_head() {
  Head& head = parser_.head();
  const bool is_tunnel = parser_.framing() == Framing::tunnel;
  const bool is_connect = head.method() == "CONNECT";
  request_ = {.version = head.version,
              .is_head = head.method() == "HEAD",
              .is_connect = is_connect,
              .is_upgrade = is_tunnel && !is_connect,
              .keep_alive = parser_.keep_alive()};
  awaits_continue_ =
      head.version == Version::http11 && has_option(head, Token::kExpect, "100-continue");
  tunnel_ = is_tunnel ? Tunnel::asked : Tunnel::none;
  reading_ = is_tunnel ? Reading::wait : Reading::body;
  last_told_ = parser_.is_bodiless();
  link_.renew();
  exchange_ = &events_->on_request(*this);
  exchange_->on_head(head, last_told_);
}

void H1Server::take_body(Bytes bytes) {
  awaits_continue_ = false;  // the client did not wait
  link_.delivered(bytes.size());
  exchange_->on_body(bytes);
}

void H1Server::end_request() {
  reading_ = Reading::wait;
  request_ended_ = true;
  if (!last_told_) exchange_->on_end();
  flush_later();
}

void H1Server::refuse(const H1Fault& fault) {
  const bool is_cut_short = client_ended_;  // a client that left broke no rule
  if (!is_cut_short) events_->on_malformed(fault.reason);
  const Errc code = is_cut_short ? Errc::closed : Errc::protocol;
  break_exchange({.error = {code, fault.reason}});
  answer_fault(fault.status);
}

// ---- What is answered

void H1Server::send_informational(const Head& head) {
  if (exchange_ == nullptr || answer_ != Answer::none) return;
  if (request_.version == Version::http10) return;  // it knows none
  if (head.status == 100) awaits_continue_ = false;
  write_response_head(link_.stream(), loop_->pool(), head, plan_response(head, false, request_));
}

void H1Server::send_head(const Head& head, bool last) {
  if (exchange_ == nullptr || answer_ != Answer::none) return;
  const bool body_may_not_come = awaits_continue_ && !request_ended_ && !last_told_;
  const bool spoke_too_soon = tunnel_ == Tunnel::asked && !kept_.empty();
  if (must_close_ || body_may_not_come || spoke_too_soon) request_.keep_alive = false;
  const H1Plan plan = plan_response(head, last, request_);
  if (write_response_head(link_.stream(), loop_->pool(), head, plan) == 0) return fail_answer();
  answer_ = Answer::body;
  const bool is_granted = plan.framing == Framing::tunnel;
  must_close_ = must_close_ || plan.close || is_granted;
  writer_.begin(plan.framing, plan.length);
  if (tunnel_ == Tunnel::asked) tunnel_ = is_granted ? Tunnel::granted : Tunnel::refused;
  if (last) return end_answer();
  flush_later();
}

void H1Server::send_body(Bytes bytes) {
  if (exchange_ == nullptr || answer_ != Answer::body) return;
  if (!writer_.write(link_.stream(), bytes)) return fail_answer();
  link_.sent(bytes.size());
  flush_later();
}

void H1Server::send_trailers(const Head& trailers) {
  if (exchange_ == nullptr || answer_ != Answer::body) return;
  if (!writer_.end(link_.stream(), loop_->pool(), trailers)) return fail_answer();
  answer_ = Answer::done;
  flush_later();
}

void H1Server::send_end() {
  if (exchange_ != nullptr && answer_ == Answer::body) end_answer();
}

void H1Server::end_answer() {
  if (!writer_.end(link_.stream())) return fail_answer();
  answer_ = Answer::done;
  const Framing framing = writer_.framing();
  if (framing == Framing::tunnel || framing == Framing::until_end) end_stream();
  flush_later();
}

// The answer is not what its head announced, or cannot be written at all.
void H1Server::fail_answer() {
  unsendable_ = true;
  flush_later();
}

void H1Server::consumed(std::size_t bytes) {
  link_.consumed(bytes);
  steer();
}

void H1Server::reset(H2Code) {
  if (std::exchange(exchange_, nullptr) == nullptr) return;
  if (is_over()) return flush_later();
  if (answer_ == Answer::done) return close_gracefully();  // the client gets all of its answer
  cut({Errc::canceled, "exchange reset"});
}

// ---- What a turn's end settles

void H1Server::flush() {
  if (closed_) return;
  if (cut_) {
    closed_ = true;
    return events_->on_connection_closed(cut_error_);
  }
  tell_sent();
  settle_tunnel();
  if (closed_ || cut_) return;
  if (std::exchange(unsendable_, false)) {
    break_exchange({.error = {Errc::invalid, "answer"}, .code = H2Code::internal_error});
    answer_fault(502);
  }
  finish_exchange();
  read_kept();
  steer();
  watch();
}

void H1Server::tell_sent() {
  const std::size_t sent = link_.take_sent();
  if (sent != 0 && exchange_ != nullptr) exchange_->on_sent(sent);
}

void H1Server::settle_tunnel() {
  const Tunnel settled = tunnel_;
  if (settled != Tunnel::granted && settled != Tunnel::refused) return;
  tunnel_ = Tunnel::none;
  if (exchange_ == nullptr) return;
  if (settled == Tunnel::granted) {
    reading_ = Reading::tunnel;
  } else {
    request_ended_ = true;
    exchange_->on_end();
  }
}

// A client that does not read its answers gets no further ones made.
void H1Server::finish_exchange() {
  if (answer_ != Answer::done || link_.stream().congested()) return;
  if (is_over()) {
    if (exchange_ != nullptr) std::exchange(exchange_, nullptr)->on_closed();
    if (!closed_) next_request();
  } else if (awaits_continue_ && reading_ == Reading::body) {
    break_exchange({.error = {Errc::closed, "no body came"}, .code = H2Code::no_error});
    close_gracefully();
  }
}

void H1Server::next_request() {
  if (must_close_) return close_gracefully();
  parser_.begin();
  reading_ = Reading::request;
  answer_ = Answer::none;
  request_ended_ = false;
}

void H1Server::on_drained() { flush(); }

}  // namespace mesh::http
