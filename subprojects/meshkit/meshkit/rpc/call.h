#pragma once
// Call: one gRPC call with one request message and any number of responses (unary or server
// streaming), in bytes. typed_call.h puts protobuf messages on it.
//
// Promise: any number of on_message, then on_done exactly once, all from the loop, never from the
// constructor. Destroying the Call cancels it (RST_STREAM CANCEL) and nothing more is heard; that
// is allowed from inside on_message and on_done too.
//
// The status is that of the server's trailers or trailers-only head; without one it follows from
// the HTTP status, the reset code or what became of the connection. A request that the server
// provably did not process is submitted again, once.
//
// Flow control: a message counts as consumed when on_message returns.

#include <optional>
#include <string>
#include <vector>

#include "meshkit/async/deadline.h"
#include "meshkit/base/intrusive_list.h"
#include "meshkit/http/grpc.h"
#include "meshkit/http/message.h"
#include "meshkit/rpc/channel.h"
#include "meshkit/rpc/load.h"

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

struct CallOptions {
  // From the constructor to on_done; also sent as grpc-timeout. Zero: none (watches).
  Milliseconds deadline{0};
  std::size_t max_message = 4 * 1024 * 1024;
};

struct CallTag {};

class Call final : public ListLink<CallTag>, private http::MessageEvents {
 public:
  // `path` is "/package.Service/Method", a literal. `message`, the serialised request, is copied.
  // `channel` and `events` must outlive the Call.
  Call(Channel& channel, const char* path, Bytes message, const CallOptions& options,
       CallEvents& events);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call();

  // For channels: sends the request. False: `connection` takes no more, and nothing has happened.
  // `load` must outlive the connection.
  bool begin(http::ClientConnection& connection, Load& load);
  // Ends the call, now.
  void fail(GrpcCode code, const char* why);

 private:
  // http::MessageEvents
  void on_informational(http::Head&) override {}
  void on_head(http::Head& head, bool last) override;
  void on_body(Bytes bytes) override;
  void on_trailers(http::Head& trailers) override;
  void on_end() override;
  void on_reset(const http::Reset& reset) override;
  void on_sent(std::size_t) override {}
  void on_closed() override;

  http::Head request_head() const;
  bool deliver(Bytes bytes);  // false: this is no more
  void set_status(GrpcCode code, std::string message);
  void leave_stream();
  void finish();

  Channel& channel_;
  CallEvents& events_;
  const char* path_;
  std::vector<std::uint8_t> request_;  // framed; kept until the server has answered
  http::GrpcDeframer deframer_;
  Deadline deadline_;
  TimePoint expires_{};  // zero: never
  TimePoint began_{};
  http::MessageStream* stream_ = nullptr;
  Load* load_ = nullptr;  // counts this call while stream_ is there
  std::optional<Status> status_;
  bool* destroyed_ = nullptr;  // set by the destructor while on_message runs
  bool is_grpc_ = false;
  bool submits_again_ = false;
  bool submitted_again_ = false;
  bool is_done_ = false;
};

}  // namespace mesh::rpc
