#pragma once
// Exchange: one request on its way from a client's stream to a target's stream, and its response.
//
//   request head ─▶ Route::route ─▶ Dispatcher::open ─▶ head, body, trailers, end ─▶ target
//   response    ◀─ Route::on_response ◀─ head, body, trailers, end ◀────────────────┘
//
// Safe resending. Until the response's head is passed on, the request is kept (of its body at most
// kReplayBytes). If the target provably did not
// process it, or it is idempotent and its connection broke, it goes to another target once, within
// the dispatcher's budget. After that the first failure is the answer.
//
// Back-pressure is by credit both ways (http/message.h): what one side has not taken, the other is
// not asked for. An Exchange allocates nothing; it is created from a slab by its HttpSession, which
// destroys it at the end of the turn in which on_exchange_over was told. Size is asserted.

#include <cstdint>

#include "meshkit/async/loop.h"
#include "meshkit/base/byte_queue.h"
#include "meshkit/http/message.h"
#include "proxy/forward/dispatcher.h"
#include "proxy/forward/outcome.h"
#include "proxy/forward/reply_for.h"

namespace mesh::forward {

class Exchange;

// The decisions about one exchange: the outbound and the inbound flow implement it. One Route
// object serves all exchanges of a connection.
class Route {
 public:
  struct Plan {
    Dispatcher* dispatcher = nullptr;  // null: answer with `cause`, or with `local_reply` when set
    Cause cause = Cause::none;
    bool resendable = true;
    void* context = nullptr;  // the route's own note on the exchange, given back below
  };

  // May rewrite the head. Called once per exchange.
  virtual Plan route(http::Head& request) = 0;
  // Prepares the request's head for the chosen target; called for every attempt.
  virtual void prepare(http::Head& request, const Attempt& attempt) = 0;
  // May rewrite the response's head before the client sees it.
  virtual void on_response(http::Head& response, const http::Head& request,
                           const Attempt& attempt) = 0;
  // Whether the client may see the l5d-* error headers.
  virtual bool tells_errors() const = 0;
  virtual void on_over(const Outcome& outcome, const http::Head& request, void* context) = 0;

 protected:
  ~Route() = default;
};

class ExchangeOwner {
 public:
  virtual void on_exchange_over(Exchange& exchange) = 0;

 protected:
  ~ExchangeOwner() = default;
};

struct ExchangeTag {};

class Exchange final : public ListLink<ExchangeTag> {
 public:
  static constexpr std::size_t kReplayBytes = 64 * 1024;

  Exchange(Loop& loop, Route& route, ExchangeOwner& owner, http::MessageStream& client);
  ~Exchange();

  // Where the client's stream reports the request.
  http::MessageEvents& request_events() noexcept { return request_side_; }

 private:
  // The two directions have the same events; each side names the exchange's own step for them.
  class RequestSide final : public http::MessageEvents {
   public:
    explicit RequestSide(Exchange& exchange) : exchange_(exchange) {}
    void on_informational(http::Head&) override {}
    void on_head(http::Head& head, bool last) override { exchange_.on_request_head(head, last); }
    void on_body(Bytes bytes) override { exchange_.on_request_body(bytes); }
    void on_trailers(http::Head& trailers) override { exchange_.on_request_trailers(trailers); }
    void on_end() override { exchange_.on_request_end(); }
    void on_reset(const http::Reset& reset) override { exchange_.on_client_reset(reset); }
    void on_sent(std::size_t bytes) override { exchange_.on_response_sent(bytes); }
    void on_closed() override { exchange_.on_client_closed(); }

   private:
    Exchange& exchange_;
  };
  class ResponseSide final : public http::MessageEvents, public Attempt {
   public:
    explicit ResponseSide(Exchange& exchange) : exchange_(exchange) {}
    void on_informational(http::Head& head) override { exchange_.on_informational(head); }
    void on_head(http::Head& head, bool last) override { exchange_.on_response_head(head, last); }
    void on_body(Bytes bytes) override { exchange_.on_response_body(bytes); }
    void on_trailers(http::Head& trailers) override { exchange_.on_response_trailers(trailers); }
    void on_end() override { exchange_.on_response_end(); }
    void on_reset(const http::Reset& reset) override { exchange_.on_target_reset(reset); }
    void on_sent(std::size_t bytes) override { exchange_.on_request_sent(bytes); }
    void on_closed() override { exchange_.on_target_closed(); }
    void on_endpoint_ready() override { exchange_.dispatch(); }
    void on_failed(Cause cause) override { exchange_.on_dispatch_failed(cause); }
    http::MessageEvents& response_events() noexcept override { return *this; }

   private:
    Exchange& exchange_;
  };

  enum class Phase : std::uint8_t { waiting_head, dispatching, forwarding, responding, over };

  void on_request_head(http::Head& head, bool last);
  void on_request_body(Bytes bytes);
  void on_request_trailers(http::Head& trailers);
  void on_request_end();
  void on_request_sent(std::size_t bytes);
  void on_client_reset(const http::Reset& reset);
  void on_client_closed();

  void dispatch();
  void send_request();
  void on_dispatch_failed(Cause cause);

  void on_informational(http::Head& head);
  void on_response_head(http::Head& head, bool last);
  void on_response_body(Bytes bytes);
  void on_response_trailers(http::Head& trailers);
  void on_response_end();
  void on_response_sent(std::size_t bytes);
  void on_target_reset(const http::Reset& reset);
  void on_target_closed();

  void keep_for_resend(Bytes bytes);
  void forget_replay();
  bool resend(Cause cause, bool unprocessed);
  bool should_move(const http::Head& response);
  void classify(std::uint8_t grpc_status);
  void end_attempt();
  void note_response_began();
  void reply(Cause cause);
  void finish();

  Loop& loop_;
  Route& route_;
  ExchangeOwner& owner_;
  http::MessageStream* client_;
  http::MessageStream* target_ = nullptr;
  http::Head request_;           // taken over from the client's stream
  http::Head request_trailers_;  // likewise
  Dispatcher* dispatcher_ = nullptr;
  void* context_ = nullptr;
  ByteQueue replay_;  // what was received of the request's body while it may still be needed
  std::uint64_t uncredited_ = 0;  // received from the client, not yet reported consumed
  Phase phase_ = Phase::waiting_head;
  bool has_request_ = false;
  bool has_trailers_ = false;
  bool request_ended_ = false;
  bool replayable_ = true;
  bool resendable_ = true;
  bool attempt_open_ = false;
  bool classified_ = false;
  bool client_open_ = true;
  bool response_end_sent_ = false;
  bool finished_ = false;
  Outcome outcome_;
  RequestSide request_side_{*this};
  ResponseSide response_side_{*this};
};

static_assert(sizeof(Exchange) <= 768);

}  // namespace mesh::forward
