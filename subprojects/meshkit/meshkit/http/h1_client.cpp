#include "meshkit/http/h1_client.h"

#include <utility>

#include "meshkit/http/h1_writer.h"

// The order of this file is that of an exchange: what its user sends, what the server answers, what
// a turn's end settles (flush), and how exchange and connection end.

namespace mesh::http {

static_assert(sizeof(H1Client) <= 1024);

H1Client::H1Client(Loop& loop, net::Stream& stream, ClientEvents& events, const H1Limits& limits)
    : loop_(&loop),
      events_(&events),
      link_(stream, limits.window),
      parser_(H1Parser::Kind::response, loop.pool(), limits) {}

H1Client::~H1Client() { abort(); }

void H1Client::start() { link_.start(*this); }

bool H1Client::is_available() const {
  return exchange_ == nullptr && reading_ == Reading::nothing && reusable_ && !is_dead();
}

MessageStream* H1Client::open(MessageEvents& events) {
  if (!is_available()) return nullptr;
  exchange_ = &events;
  request_ = Request::none;
  reading_ = Reading::response;
  written_ = 0;
  answered_ = last_told_ = left_this_turn_ = false;
  link_.renew();
  link_.steer(false);  // the last exchange may have ended with its body unconsumed, reading paused
  return this;
}

// ---- What the user sends

void H1Client::send_head(const Head& head, bool last) {
  if (exchange_ == nullptr || request_ != Request::none) return;
  const H1Plan plan = plan_request(head, last);
  answering_ = head.method() == "CONNECT"        ? Answering::connect
               : plan.framing == Framing::tunnel ? Answering::upgrade
               : head.method() == "HEAD"         ? Answering::head
                                                 : Answering::plain;
  const std::size_t size = write_request_head(link_.stream(), loop_->pool(), head, plan);
  if (size == 0) return fail_later({Errc::invalid, "request head cannot be sent"});
  written_ = size;
  left_this_turn_ = false;
  if (plan.close) reusable_ = false;
  parser_.begin(answering_);
  request_ = Request::body;
  writer_.begin(plan.framing, plan.length);
  if (last) return end_request();
  flush_later();
}

void H1Client::send_body(Bytes bytes) {
  if (exchange_ == nullptr || request_ != Request::body) return;
  const bool is_early = writer_.framing() == Framing::tunnel && !is_tunnel();
  if (is_early || !writer_.write(link_.stream(), bytes))
    return fail_later({Errc::invalid, "request body longer than announced"});
  written_ += bytes.size();
  link_.sent(bytes.size());
  flush_later();
}

void H1Client::send_trailers(const Head& trailers) {
  if (exchange_ == nullptr || request_ != Request::body) return;
  if (!writer_.end(link_.stream(), loop_->pool(), trailers))
    return fail_later({Errc::invalid, "request body shorter than announced"});
  request_ = Request::done;
  flush_later();
}

void H1Client::send_end() {
  if (exchange_ != nullptr && request_ == Request::body) end_request();
}

void H1Client::end_request() {
  if (!writer_.end(link_.stream()))
    return fail_later({Errc::invalid, "request body shorter than announced"});
  request_ = Request::done;
  if (is_tunnel()) end_stream();
  flush_later();
}

void H1Client::consumed(std::size_t bytes) {
  link_.consumed(bytes);
  link_.steer(false);
}

void H1Client::reset(H2Code) {
  if (std::exchange(exchange_, nullptr) == nullptr) return;
  if (is_untouched() || is_over()) return flush_later();
  fail_later({Errc::canceled, "exchange reset"});
}

// Something in a call of the user's that it must not hear of before the call is over.
void H1Client::fail_later(const Error& error) {
  failing_ = true;
  failure_ = error;
  if (!is_untouched()) link_.stream().abort();
  flush_later();
}

// ---- What the server answers

void H1Client::on_data(MutableBytes bytes) {
  if (is_dead()) return;
  Bytes input = bytes;
  read(input);
  finish_if_over();
  if (!is_dead()) link_.steer(false);
}

void H1Client::read(Bytes& input) {
  while (!is_dead()) {
    if (reading_ == Reading::nothing || reading_ == Reading::done || request_ == Request::none)
      return take_unasked(input);
    answered_ = answered_ || !input.empty();
    const H1Parser::Step step = parser_.next(input);
    if (step == H1Parser::Step::more) return;
    take(step);
  }
}

// Bytes that answer no request: nobody can say what they mean, so this is the end of its use.
void H1Client::take_unasked(Bytes& input) {
  if (input.empty()) return;
  input = {};
  if (reading_ != Reading::done) return fail({Errc::protocol, "bytes that nobody asked for"});
  reusable_ = false;
}

void H1Client::take(H1Parser::Step step) {
  switch (step) {
    case H1Parser::Step::more: return;
    case H1Parser::Step::head: return take_head();
    case H1Parser::Step::body:
      link_.delivered(parser_.body().size());
      return exchange_->on_body(parser_.body());
    case H1Parser::Step::trailers: return exchange_->on_trailers(parser_.head());
    case H1Parser::Step::end: return end_response();
    case H1Parser::Step::fault: return fail({Errc::protocol, parser_.fault().reason});
  }
}

void H1Client::take_head() {
  Head& head = parser_.head();
  is_informational_ = head.status < 200 && head.status != 101;
  if (is_informational_) return exchange_->on_informational(head);
  if (!parser_.keep_alive()) reusable_ = false;
  if (parser_.framing() == Framing::tunnel) {
    reading_ = Reading::tunnel;
    if (request_ == Request::done) end_stream();
  }
  last_told_ = parser_.is_bodiless();
  exchange_->on_head(head, last_told_);
}

void H1Client::end_response() {
  if (is_informational_) return parser_.begin(answering_);
  reading_ = Reading::done;
  if (!last_told_) exchange_->on_end();
}

void H1Client::on_end() {
  if (is_dead()) return;
  server_ended_ = true;
  reusable_ = false;
  const bool is_waiting = reading_ == Reading::response || reading_ == Reading::tunnel;
  if (reading_ == Reading::nothing) {
    if (!is_tunnel()) return close();  // idle
  } else if (is_waiting && request_ != Request::none && parser_.finish() == H1Parser::Step::end) {
    end_response();
  } else {
    return fail({Errc::closed, answered_ ? "answer cut short" : "closed before an answer"});
  }
  if (!is_dead() && reading_ == Reading::done && request_ != Request::done && !is_tunnel())
    return fail({Errc::closed, "answer complete"});
  finish_if_over();
}

// ---- What a turn's end settles

void H1Client::flush() {
  if (closed_) return;
  if (failing_) return settle_failure();
  left_this_turn_ = true;
  tell_sent();
  if (!is_dead()) finish_if_over();
}

void H1Client::on_drained() {
  if (!is_dead()) tell_sent();
}

void H1Client::tell_sent() {
  const std::size_t sent = link_.take_sent();
  if (sent != 0 && exchange_ != nullptr) exchange_->on_sent(sent);
}

void H1Client::settle_failure() {
  if (!is_untouched()) return fail(failure_);
  failing_ = false;
  break_exchange({.error = failure_, .code = H2Code::internal_error});
  if (!is_dead()) finish_if_over();
}

// ---- How exchange and connection end

void H1Client::finish_if_over() {
  if (is_dead()) return;
  if (reading_ == Reading::nothing) {
    if (!reusable_ && !is_tunnel()) close();
    return;
  }
  const bool is_given_up = exchange_ == nullptr && is_untouched();
  if (!is_given_up && !is_over()) return;
  if (exchange_ != nullptr) std::exchange(exchange_, nullptr)->on_closed();
  if (closed_) return;
  reading_ = Reading::nothing;
  request_ = Request::none;
  used_before_ = used_before_ || answered_;
  if (is_tunnel()) return;  // what was sent is still on its way: on_closed will come
  parser_.begin();
  if (reusable_)
    events_->on_available();
  else
    close();
}

void H1Client::drain() {
  reusable_ = false;
  draining_ = true;
  flush_later();
}

void H1Client::abort() {
  if (closed_) return;
  closed_ = true;
  link_.stream().abort();
  break_exchange({.error = {Errc::canceled, "connection aborted"}});
}

void H1Client::on_closed(const Error& error) {
  if (!is_dead()) end_with(error, written_ == 0 && !answered_);
}

// The connection is of no use any more, with an exchange or without.
void H1Client::fail(const Error& error) {
  const bool nothing_left = has_nothing_left();  // asked of a stream that still has its queue
  link_.stream().abort();
  end_with(error, nothing_left);
}

void H1Client::end_with(const Error& error, bool unprocessed) {
  closed_ = true;
  Reset reset{.error = error, .code = H2Code::internal_error};
  if (reading_ == Reading::done) {  // the server has said all and does not want the rest
    reset.code = H2Code::no_error;
    reset.from_peer = true;
  }
  reset.unprocessed = unprocessed && error.code != Errc::invalid;
  reset.stale = used_before_ && !answered_;
  break_exchange(reset);
  events_->on_connection_closed(error);
}

void H1Client::break_exchange(const Reset& reset) {
  MessageEvents* const exchange = std::exchange(exchange_, nullptr);
  if (exchange == nullptr) return;
  if (!is_over()) exchange->on_reset(reset);
  exchange->on_closed();
}

// Idle, and not to be used again.
void H1Client::close() {
  closed_ = true;
  end_stream();
  if (!std::exchange(draining_, true)) events_->on_draining();
  events_->on_connection_closed({Errc::closed, "connection closed"});
}

void H1Client::end_stream() { link_.stream().end(); }

// Whether the server cannot have seen a byte of the request: what a turn writes leaves at its end.
bool H1Client::has_nothing_left() const noexcept {
  return !answered_ && (written_ == 0 || (!left_this_turn_ && link_.stream().queued() >= written_));
}

}  // namespace mesh::http
