#pragma once
// WatchStream: one watch on the control plane, kept up for as long as it lives.
//
// Opens the stream, hands on every message, and opens it again with jittered back-off when it ends,
// whatever the reason, except for the statuses that mean "never" (control API, section 0):
// INVALID_ARGUMENT and FAILED_PRECONDITION, and where `none_is_final` also NOT_FOUND and
// UNIMPLEMENTED. The first message after a new start is preceded by on_restart. Optional limits
// bound how long the stream may be silent at first, silent later, and live. On the control thread.

#include <memory>
#include <utility>

#include "meshkit/async/backoff.h"
#include "meshkit/async/timer.h"
#include "meshkit/base/log.h"
#include "meshkit/rpc/typed_call.h"

namespace mesh::discover {

// Zero: unlimited.
struct StreamLimits {
  Milliseconds initial{0};
  Milliseconds idle{0};
  Milliseconds lifetime{0};
};

struct WatchOptions {
  StreamLimits limits;
  BackoffPolicy backoff{.min = Milliseconds(100), .max = Milliseconds(10'000), .jitter = 0.1};
  bool none_is_final = false;
};

// Which statuses end a watch for good. Pure.
inline bool is_final(rpc::GrpcCode code, bool none_is_final) noexcept {
  switch (code) {
    case rpc::GrpcCode::invalid_argument:
    case rpc::GrpcCode::failed_precondition: return true;
    case rpc::GrpcCode::not_found:
    case rpc::GrpcCode::unimplemented: return none_is_final;
    default: return false;
  }
}

template <class Response>
class WatchEvents {
 public:
  virtual void on_restart() {}
  virtual void on_update(Response& update) = 0;
  // The watch is over for good.
  virtual void on_final(const rpc::Status& status) = 0;

 protected:
  ~WatchEvents() = default;
};

template <class Request, class Response>
class WatchStream {
 public:
  // `path` is a literal. References outlive it.
  WatchStream(rpc::Channel& channel, const char* path, Request request, const WatchOptions& options,
              WatchEvents<Response>& events)
      : channel_(channel),
        path_(path),
        request_(std::move(request)),
        options_(options),
        events_(events),
        backoff_(options.backoff),
        silence_(channel.loop()),
        lifetime_(channel.loop()),
        retry_(channel.loop()) {
    open();
  }
  WatchStream(const WatchStream&) = delete;

  // Messages are coming, or could.
  bool is_open() const noexcept { return is_heard_; }
  TimePoint updated_at() const noexcept { return updated_at_; }

 private:
  using Stream = rpc::ServerStreamCall<Response>;

  void open() {
    is_fresh_ = true;
    call_ = std::make_unique<Stream>(
        channel_, path_, request_, rpc::CallOptions{},
        [this](Response& update) { on_message(update); },
        [this](const rpc::Status& status) { on_done(status); });
    if (options_.limits.initial.count() != 0)
      silence_.start(options_.limits.initial, [this] { restart("no first message in time"); });
    if (options_.limits.lifetime.count() != 0)
      lifetime_.start(options_.limits.lifetime, [this] { restart("lifetime is over"); });
  }

  void on_message(Response& update) {
    backoff_.reset();
    is_heard_ = true;
    updated_at_ = channel_.loop().now();
    if (std::exchange(is_fresh_, false)) events_.on_restart();
    silence_.stop();
    if (options_.limits.idle.count() != 0)
      silence_.start(options_.limits.idle, [this] { restart("silent for too long"); });
    events_.on_update(update);
  }

  void on_done(const rpc::Status& status) {
    close();
    if (is_final(status.code, options_.none_is_final)) return events_.on_final(status);
    log::debug("discover", "stream ended", "path", path_, "status", http::name_of(status.code),
               "message", status.message);
    retry_later();
  }

  void restart(const char* reason) {
    log::debug("discover", "stream closed", "path", path_, "reason", reason);
    close();
    retry_later();
  }

  void close() {
    call_.reset();
    is_heard_ = false;
    silence_.stop();
    lifetime_.stop();
  }

  void retry_later() {
    retry_.start(backoff_.next(channel_.loop().random()), [this] { open(); });
  }

  rpc::Channel& channel_;
  const char* path_;
  const Request request_;
  const WatchOptions options_;
  WatchEvents<Response>& events_;
  Backoff backoff_;
  Timer silence_;
  Timer lifetime_;
  Timer retry_;
  std::unique_ptr<Stream> call_;
  bool is_fresh_ = true;
  bool is_heard_ = false;
  TimePoint updated_at_{};
};

}  // namespace mesh::discover
