#pragma once
// TypedCall: a Call whose messages are protobuf messages. UnaryCall gives the one response with the
// status, ServerStreamCall each response as it comes. Lifetimes and promises are call.h's.

#include <string>
#include <utility>

#include "meshkit/base/callback.h"
#include "meshkit/rpc/call.h"

namespace mesh::rpc {

// Reads `Response` messages; one that does not parse ends the call with INTERNAL.
template <class Response>
class ServerStreamCall final : private CallEvents {
 public:
  using OnMessage = Callback<void(Response&)>;
  using OnDone = Callback<void(const Status&)>;

  template <class Request>
  ServerStreamCall(Channel& channel, const char* path, const Request& request,
                   const CallOptions& options, OnMessage on_message, OnDone on_done)
      : on_message_(std::move(on_message)),
        on_done_(std::move(on_done)),
        call_(channel, path, as_bytes(request.SerializeAsString()), options, *this) {}

 private:
  void on_message(Bytes bytes) override {
    Response message;
    if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
      on_message_(message);
    else
      call_.fail(GrpcCode::internal, "response message does not parse");
  }
  void on_done(const Status& status) override {
    OnDone done = std::move(on_done_);  // it may destroy this
    done(status);
  }

  OnMessage on_message_;
  OnDone on_done_;
  Call call_;
};

// One response, or a status that is not ok; never both.
template <class Response>
class UnaryCall final : private CallEvents {
 public:
  // The response is valid for the call; null unless the status is ok.
  using OnDone = Callback<void(const Status&, Response*)>;

  template <class Request>
  UnaryCall(Channel& channel, const char* path, const Request& request, const CallOptions& options,
            OnDone on_done)
      : on_done_(std::move(on_done)),
        call_(channel, path, as_bytes(request.SerializeAsString()), options, *this) {}

 private:
  void on_message(Bytes bytes) override {
    if (has_response_ || !response_.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
      return call_.fail(GrpcCode::internal, "not one response message");
    has_response_ = true;
  }
  void on_done(const Status& status) override {
    OnDone done = std::move(on_done_);  // it may destroy this
    Response response = std::move(response_);
    if (status.is_ok() && !has_response_)
      done(Status{GrpcCode::internal, "no response message"}, nullptr);
    else
      done(status, status.is_ok() ? &response : nullptr);
  }

  OnDone on_done_;
  Response response_;
  bool has_response_ = false;
  Call call_;
};

}  // namespace mesh::rpc
