#pragma once
// Call: one gRPC call with one request message and any number of responses (unary or server
// streaming), in bytes. typed_call.h puts messages on it.
//
// Promise: any number of on_message, then on_done exactly once, all from the loop, never from
// inside the constructor. Destroying the Call cancels it (RST_STREAM CANCEL) and nothing more is
// heard; it may be destroyed from inside on_message or on_done. on_done is its last action.
//
// The status is that of the server's trailers or trailers-only head; without one it follows from
// the HTTP status, the reset code or the connection's failure. A request that the server provably
// did not process is submitted again, once.
//
// Flow control: a message counts as consumed when on_message returns.

#include <optional>
#include <string>
#include <string_view>

#include "meshkit/async/timer.h"
#include "meshkit/base/intrusive_list.h"
#include "meshkit/http/grpc.h"
#include "meshkit/http/message.h"
#include "meshkit/rpc/channel.h"

namespace mesh::rpc {

using http::GrpcCode;
using Status = http::GrpcStatus;

class CallEvents {
 public:
  virtual void on_message(Bytes message) = 0;
  virtual void on_done(const Status& status) = 0;

 protected:
  ~CallEvents() = default;
};

struct CallTag {};

struct CallOptions {
  // From the constructor to on_done; sent as grpc-timeout. Zero: none (watches).
  Milliseconds deadline{0};
  std::size_t max_message = 4 * 1024 * 1024;
};

class Call final : public ListLink<CallTag>, private http::MessageEvents {
 public:
  // `path` is "/package.Service/Method", a literal. `message` is the serialised request; copied.
  Call(Channel& channel, const char* path, Bytes message, const CallOptions& options,
       CallEvents& events);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call();

  // For channels. begin: open exactly one stream with `connection` and send the request.
  void begin(http::ClientConnection& connection);
  void fail(GrpcCode code, const char* why);

 private:
  void on_informational(http::Head&) override {}
  void on_head(http::Head& head, bool last) override;
  void on_body(Bytes bytes) override;
  void on_trailers(http::Head& trailers) override;
  void on_end() override;
  void on_reset(const http::Reset& reset) override;
  void on_sent(std::size_t) override {}
  void on_closed() override;

  void take_status(const http::Head& fields);
  void finish(Status status);

  Channel& channel_;
  CallEvents& events_;
  const char* path_;
  ByteQueue request_;
  http::GrpcDeframer deframer_;
  http::MessageStream* stream_ = nullptr;
  Timer deadline_;
  TimePoint expires_{};
  std::uint16_t http_status_ = 0;
  bool submitted_again_ = false;
  bool* destroyed_ = nullptr;  // set while on_message runs
};

}  // namespace mesh::rpc
