#include "proxy/forward/exchange.h"

#include <algorithm>
#include <array>
#include <utility>

#include "proxy/forward/classify.h"
#include "proxy/forward/protocol_upgrade.h"

namespace mesh::forward {
namespace {

// RFC 9110 section 9.2.2.
bool is_idempotent(std::string_view method) noexcept {
  constexpr std::array<std::string_view, 6> kIdempotent = {"GET",    "HEAD",    "PUT",
                                                           "DELETE", "OPTIONS", "TRACE"};
  return std::find(kIdempotent.begin(), kIdempotent.end(), method) != kIdempotent.end();
}

bool opens_tunnel(const http::Head& request, std::uint16_t status) noexcept {
  return status == 101 || (request.method() == "CONNECT" && status / 100 == 2);
}

}  // namespace

Exchange::Exchange(Loop& loop, Route& route, ExchangeOwner& owner, http::MessageStream& client)
    : loop_(loop),
      route_(route),
      owner_(owner),
      client_(&client),
      request_(loop.pool()),
      request_trailers_(loop.pool()),
      replay_(loop.pool()) {
  outcome_.began = loop.now();
}

Exchange::~Exchange() {
  end_attempt();
  if (target_ != nullptr) target_->reset(http::H2Code::cancel);
  if (client_open_) client_->reset(http::H2Code::cancel);
}

// ---- the request, from the client ----

void Exchange::on_request_head(http::Head& head, bool last) {
  request_ = std::move(head);
  has_request_ = true;
  request_ended_ = last;
  outcome_.is_grpc = is_grpc(request_);
  const Route::Plan plan = route_.route(request_);
  context_ = plan.context;
  dispatcher_ = plan.dispatcher;
  resendable_ = plan.resendable;
  if (dispatcher_ == nullptr) return reply(plan.cause);
  response_side_.request = &request_;
  response_side_.client_version = request_.version;
  response_side_.can_be_carried = can_carry(request_);
  response_side_.waiting_since = outcome_.began;
  dispatch();
}

void Exchange::on_request_body(Bytes bytes) {
  outcome_.request_bytes += bytes.size();
  uncredited_ += bytes.size();
  if (phase_ == Phase::over || (phase_ != Phase::dispatching && target_ == nullptr)) {
    // Nobody reads the rest: let the client finish sending it.
    uncredited_ -= bytes.size();
    return client_->consumed(bytes.size());
  }
  keep_for_resend(bytes);
  if (target_ != nullptr) target_->send_body(bytes);
}

void Exchange::on_request_trailers(http::Head& trailers) {
  request_trailers_ = std::move(trailers);
  has_trailers_ = true;
}

void Exchange::on_request_end() {
  request_ended_ = true;
  if (target_ == nullptr) return;
  has_trailers_ ? target_->send_trailers(request_trailers_) : target_->send_end();
}

void Exchange::on_request_sent(std::size_t bytes) {
  const std::size_t credit = std::min<std::uint64_t>(bytes, uncredited_);
  uncredited_ -= credit;
  if (credit != 0 && client_open_) client_->consumed(credit);
}

void Exchange::on_client_reset(const http::Reset& reset) {
  outcome_.reset_code = reset.code;
  if (target_ != nullptr) {
    end_attempt();
    target_->reset(reset.from_peer ? reset.code : http::H2Code::cancel);
    target_ = nullptr;
  }
  phase_ = Phase::over;
}

void Exchange::on_client_closed() {
  client_open_ = false;
  finish();
}

// ---- finding a target ----

void Exchange::dispatch() {
  phase_ = Phase::dispatching;
  const Dispatcher::Opened opened = dispatcher_->open(response_side_);
  if (opened.stream == nullptr) {
    if (opened.cause != Cause::none) on_dispatch_failed(opened.cause);
    return;
  }
  target_ = opened.stream;
  attempt_open_ = true;
  response_side_.opened_at = loop_.now();
  phase_ = Phase::forwarding;
  send_request();
}

void Exchange::send_request() {
  route_.prepare(request_, response_side_);
  const bool whole = request_ended_ && replay_.empty() && !has_trailers_;
  target_->send_head(request_, whole);
  if (whole || target_ == nullptr) return;

  std::array<iovec, 32> runs{};
  const int count = replay_.gather(runs.data(), static_cast<int>(runs.size()));
  for (int i = 0; i < count && target_ != nullptr; ++i) {
    const iovec& run = runs[static_cast<std::size_t>(i)];
    target_->send_body({static_cast<const std::uint8_t*>(run.iov_base), run.iov_len});
  }
  if (replay_.size() > kReplayBytes) forget_replay();
  if (request_ended_ && target_ != nullptr) on_request_end();
}

void Exchange::on_dispatch_failed(Cause cause) {
  const bool is_connect = cause != Cause::no_endpoints && cause != Cause::load_shed &&
                          cause != Cause::identity_required;
  const bool again = is_connect && dispatcher_->may_retry_connect(response_side_);
  if (!again) return reply(cause);
  response_side_.avoid = response_side_.target;
  response_side_.target = nullptr;
  dispatch();
}

// ---- keeping the request, and sending it again ----

void Exchange::keep_for_resend(Bytes bytes) {
  if (!replayable_) return;
  // Before there is a target everything is kept: the client's window bounds it.
  if (target_ != nullptr && replay_.size() + bytes.size() > kReplayBytes) return forget_replay();
  replay_.append(bytes);
}

void Exchange::forget_replay() {
  replayable_ = false;
  replay_.clear();
}

// True when the request is on its way to another target.
bool Exchange::resend(Cause cause, bool unprocessed) {
  const bool safe = unprocessed || is_idempotent(request_.method());
  if (phase_ != Phase::forwarding || !safe || !resendable_ || !replayable_ || outcome_.resent)
    return false;
  if (!dispatcher_->may_resend()) return false;
  outcome_.resent = true;
  dispatcher_->broke(response_side_, cause);
  end_attempt();
  response_side_.avoid = response_side_.target;
  response_side_.target = nullptr;
  if (target_ != nullptr) target_->reset(http::H2Code::cancel);
  target_ = nullptr;
  dispatch();
  return true;
}

// A peer proxy says in its own reply that the application never saw the request, or was lost.
bool Exchange::should_move(const http::Head& response) {
  if (response_side_.target == nullptr || !response_side_.target->is_meshed()) return false;
  const auto code = response.find(http::Token::kL5dErrorCode);
  if (!code) return false;
  if (proves_unprocessed(*code)) return resend(Cause::app_refused, true);
  if (says_app_lost(*code)) return resend(Cause::app_lost, false);
  return false;
}

// ---- the response, from the target ----

void Exchange::on_informational(http::Head& head) { client_->send_informational(head); }

void Exchange::on_response_head(http::Head& head, bool last) {
  if (should_move(head)) return;
  forget_replay();
  phase_ = Phase::responding;
  outcome_.status = head.status;
  if (!outcome_.is_grpc) {
    classified_ = true;
    dispatcher_->classified(response_side_, classify_http(head.status));
  } else if (const auto status = grpc_status_of(head)) {
    classify(*status);
  }
  // A tunnel's latency is its opening; what flows through it is not a response body.
  if (last || opens_tunnel(request_, head.status)) note_response_began();
  route_.on_response(head, request_, response_side_);
  client_->send_head(head, last);
  response_end_sent_ = last;
  if (last) end_attempt();
}

void Exchange::on_response_body(Bytes bytes) {
  note_response_began();
  outcome_.response_bytes += bytes.size();
  client_->send_body(bytes);
}

void Exchange::on_response_trailers(http::Head& trailers) {
  note_response_began();
  if (const auto status = grpc_status_of(trailers)) classify(*status);
  trailers.remove(http::Token::kL5dProxyError);
  client_->send_trailers(trailers);
  response_end_sent_ = true;
}

// Trailers have told the client of the end already.
void Exchange::on_response_end() {
  note_response_began();
  if (!response_end_sent_) client_->send_end();
  response_end_sent_ = true;
  end_attempt();
}

void Exchange::on_response_sent(std::size_t bytes) {
  if (target_ != nullptr) target_->consumed(bytes);
}

void Exchange::on_target_reset(const http::Reset& reset) {
  const Cause cause = dispatcher_->cause_of(reset);
  if (phase_ == Phase::forwarding && resend(cause, reset.unprocessed)) return;
  const bool began = phase_ == Phase::responding;
  if (!reset.from_peer) dispatcher_->broke(response_side_, cause);
  end_attempt();
  target_ = nullptr;
  outcome_.reset_code = reset.code;
  // An HTTP/2 client learns of an HTTP/2 reset as it was; others get a reply if there is still
  // time.
  const bool pass_on = reset.from_peer && response_side_.client_version == http::Version::http2;
  if (!began && !pass_on) return reply(cause);
  if (!reset.from_peer) outcome_.cause = cause;
  client_->reset(reset.code);
  client_open_ = false;
  finish();
}

void Exchange::on_target_closed() {
  end_attempt();
  target_ = nullptr;
}

// ---- the end ----

void Exchange::note_response_began() {
  if (outcome_.response_began != TimePoint{}) return;
  outcome_.response_began = loop_.now();
  if (attempt_open_) dispatcher_->responded(response_side_);
}

void Exchange::classify(std::uint8_t grpc_status) {
  outcome_.grpc_status = grpc_status;
  if (classified_) return;
  classified_ = true;
  dispatcher_->classified(response_side_, classify_grpc(outcome_.status, grpc_status));
}

void Exchange::end_attempt() {
  if (!attempt_open_) return;
  attempt_open_ = false;
  if (outcome_.is_grpc && !classified_ && phase_ == Phase::responding) {
    classified_ = true;
    dispatcher_->classified(response_side_, classify_grpc(outcome_.status, std::nullopt));
  }
  dispatcher_->ended(response_side_, outcome_);
}

void Exchange::reply(Cause cause) {
  if (phase_ == Phase::over || phase_ == Phase::responding) return;
  phase_ = Phase::responding;
  forget_replay();
  outcome_.cause = cause;
  http::Head head(loop_.pool());
  write_reply(head, cause, outcome_.is_grpc, route_.tells_errors());
  outcome_.status = head.status;
  if (outcome_.is_grpc) outcome_.grpc_status = reply_for(cause).grpc_status;
  if (reply_for(cause).closes_connection) (void)head.set(http::Token::kConnection, "close");
  response_end_sent_ = true;
  client_->send_head(head, true);
}

void Exchange::finish() {
  if (finished_) return;
  finished_ = true;
  phase_ = Phase::over;
  end_attempt();
  if (target_ != nullptr) target_->reset(http::H2Code::cancel);
  target_ = nullptr;
  if (has_request_) route_.on_over(outcome_, request_, context_);
  owner_.on_exchange_over(*this);
}

}  // namespace mesh::forward
