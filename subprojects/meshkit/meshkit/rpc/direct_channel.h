#pragma once
// DirectChannel: gRPC calls over one HTTP/2 connection to one address.
//
// It connects when a call is submitted and no connection is there, again and again with jittered
// back-off while calls wait. A connection that the server drains (GOAWAY) finishes its calls beside
// a new one. When nothing was heard for `keepalive` while calls are open, a PING goes out; without
// an answer within `keepalive_timeout` the connection is given up and its calls hear UNAVAILABLE.
//
// Must not be destroyed from inside an event of one of its calls.

#include <memory>
#include <string>

#include "meshkit/async/backoff.h"
#include "meshkit/async/deadline.h"
#include "meshkit/base/intrusive_list.h"
#include "meshkit/http/h2_client.h"
#include "meshkit/rpc/call.h"
#include "meshkit/rpc/channel.h"
#include "meshkit/rpc/dialer.h"
#include "meshkit/rpc/load.h"

namespace mesh::rpc {

struct ChannelOptions {
  std::string authority;
  Milliseconds keepalive{10'000};
  Milliseconds keepalive_timeout{3'000};
  BackoffPolicy backoff{Milliseconds(100), Milliseconds(60'000), 0.1};
  // Balanced channels do not ask for addresses more often.
  Milliseconds shortest_refresh{5'000};
};

class DirectChannelEvents {
 public:
  // An attempt to connect failed. The channel will try again while calls wait.
  virtual void on_failing() = 0;

 protected:
  ~DirectChannelEvents() = default;
};

class DirectChannel final : public Channel {
 public:
  // `context` (of the client role) must outlive the channel by a turn of the loop. `events` may be
  // null.
  DirectChannel(http::H2Context& context, std::unique_ptr<Dialer> dialer,
                const ChannelOptions& options, DirectChannelEvents* events = nullptr);
  DirectChannel(const DirectChannel&) = delete;
  DirectChannel& operator=(const DirectChannel&) = delete;
  ~DirectChannel() override;

  void submit(Call& call) override;
  std::string_view authority() const override { return options_.authority; }
  Loop& loop() override { return context_.loop(); }

  bool is_connected() const noexcept { return current_ != nullptr; }
  // The last attempt failed, or the connection it made gave no sign of life.
  bool is_failing() const noexcept { return backoff_.attempts() != 0; }
  const Load& load() const noexcept { return load_; }
  // No call is open or waits here.
  bool is_idle() const noexcept { return load_.open() == 0 && waiting_.empty(); }
  // Takes away a call that waits for a connection; null when none does.
  Call* take_waiting() noexcept { return waiting_.pop_front(); }

 private:
  struct LinkTag {};
  class Link;  // one connection

  void connect();
  void on_dialed(Result<std::unique_ptr<net::Stream>> stream);
  void retry_later();
  void serve();
  void on_alive(Link& link);
  void on_draining(Link& link);
  void on_gone(Link& link);

  http::H2Context& context_;
  const ChannelOptions options_;
  DirectChannelEvents* events_;
  Load load_;
  IntrusiveList<Call, CallTag> waiting_;
  IntrusiveList<Link, LinkTag> links_;
  Link* current_ = nullptr;
  Backoff backoff_;
  Deadline retry_;
  std::unique_ptr<Dialer> dialer_;
  bool is_dialing_ = false;
};

}  // namespace mesh::rpc
