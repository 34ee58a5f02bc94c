#pragma once
// Dispatcher: where an exchange gets the stream on which its request goes out.
//
// One Attempt is one try at sending a request. The exchange owns it and hands it to a Dispatcher,
// which opens a stream on some connection now, keeps the attempt waiting (for a connection, for a
// ready endpoint), or says why not. A waiting attempt is linked in the list of whoever keeps it and
// leaves that list by being destroyed, so giving up is destroying.

#include "meshkit/base/clock.h"
#include "meshkit/http/message.h"
#include "proxy/balance/balancer.h"
#include "proxy/balance/failure_accrual.h"
#include "proxy/forward/outcome.h"
#include "proxy/forward/reply_for.h"

namespace mesh::forward {

// Something whose connection carries attempts: an endpoint of a balancer, the local application.
class Target {
 public:
  // Whether it speaks for a proxy of the mesh: carried HTTP/1, error codes in headers.
  virtual bool is_meshed() const noexcept = 0;
  virtual bool carries_http1() const noexcept = 0;

 protected:
  ~Target() = default;
};

class Attempt : public balance::Waiter {
 public:
  Attempt() noexcept = default;

  // The wait is over, nothing was sent. on_endpoint_ready (of Waiter) asks to call open() again.
  virtual void on_failed(Cause cause) = 0;
  void on_failfast() final { on_failed(Cause::no_endpoints); }
  // Who hears of the response.
  virtual http::MessageEvents& response_events() noexcept = 0;

  const http::Head* request = nullptr;
  http::Version client_version = http::Version::http11;  // as the client sent it
  bool can_be_carried = false;    // HTTP/1 that may ride on HTTP/2 between proxies
  Target* target = nullptr;       // chosen by the dispatcher; null while there is none
  const Target* avoid = nullptr;  // failed this request before
  bool is_probe = false;          // readmits or condemns its target
  TimePoint opened_at{};

 protected:
  ~Attempt() = default;
};

class Dispatcher {
 public:
  struct Opened {
    http::MessageStream* stream = nullptr;  // null: waiting (cause none) or failed
    Cause cause = Cause::none;
  };

  virtual ~Dispatcher() = default;
  virtual Opened open(Attempt& attempt) = 0;

  // The accounting of an opened attempt, each at most once, in this order. `responded` is the first
  // body byte or the end of the response; `ended` is told for every opened attempt.
  virtual void responded(Attempt& attempt) = 0;
  virtual void classified(Attempt& attempt, balance::ResponseClass response) = 0;
  // The connection or the application behind the target failed this attempt.
  virtual void broke(Attempt& attempt, Cause cause) = 0;
  virtual void ended(Attempt& attempt, const Outcome& outcome) = 0;

  // What a broken exchange means on this side of the mesh.
  virtual Cause cause_of(const http::Reset& reset) const = 0;

  // Whether an attempt whose connection could not be opened may try for another one.
  virtual bool may_retry_connect(const Attempt& attempt) = 0;
  // Whether sending a request a second time is within the destination's budget.
  virtual bool may_resend() = 0;
};

}  // namespace mesh::forward
