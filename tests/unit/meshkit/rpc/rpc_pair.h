#pragma once
// For tests of gRPC calls: a dialer whose streams end in an H2Server in memory.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "meshkit/rpc/direct_channel.h"
#include "tests/unit/meshkit/http/h2_pair.h"

namespace mesh::rpc::test {

using http::test::Owner;
using http::test::Peer;

inline std::string framed(std::string_view message) {
  std::uint8_t head[http::kGrpcFrameHead];
  http::store_grpc_frame_head(head, message.size());
  return std::string(as_text(head)) + std::string(message);
}

// The far side: every dialled stream gets a server of its own.
class Far {
 public:
  explicit Far(Loop& loop) : loop_(loop), context_(loop, http::H2Role::server, {}) {}

  std::unique_ptr<net::Stream> connect() {
    auto near_end = std::make_unique<mesh::test::MemoryStream>(loop_);
    auto& side = *sides.emplace_back(std::make_unique<Side>(loop_, context_));
    mesh::test::MemoryStream::join(*near_end, side.stream);
    side.server.start();
    return near_end;
  }

  struct Side {
    Side(Loop& loop, http::H2Context& context) : stream(loop), server(context, stream, owner) {}
    mesh::test::MemoryStream stream;
    Owner owner;
    http::H2Server server;
  };
  std::vector<std::unique_ptr<Side>> sides;
  bool refuses = false;
  int dials = 0;

 private:
  Loop& loop_;
  http::H2Context context_;
};

class MemoryDialer final : public Dialer, private Flushable {
 public:
  MemoryDialer(Loop& loop, Far& far) : loop_(loop), far_(far) {}
  void dial(Done done) override {
    ++far_.dials;
    done_ = std::move(done);
    loop_.flush_later(*this);
  }
  void cancel() override { done_.reset(); }

 private:
  void flush() override {
    Done done = std::move(done_);
    if (far_.refuses) return done(fail(Errc::refused, "nobody there"));
    done(far_.connect());
  }

  Loop& loop_;
  Far& far_;
  Done done_;
};

// A call and what it heard.
class Caller final : public CallEvents {
 public:
  Caller(Channel& channel, std::string_view message, CallOptions options = {})
      : call(std::in_place, channel, "/test.Echo/Say", as_bytes(message), options, *this) {}

  std::optional<Call> call;
  std::vector<std::string> messages;
  std::optional<Status> status;
  bool cancels_on_message = false;

 private:
  void on_message(Bytes message) override {
    messages.emplace_back(as_text(message));
    if (cancels_on_message) call.reset();
  }
  void on_done(const Status& told) override {
    CHECK_FALSE(status);
    status = told;
  }
};

}  // namespace mesh::rpc::test
