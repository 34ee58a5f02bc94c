#pragma once
// H2Channel: one HTTP/2 connection to a target, shared by all exchanges that go there.
//
// Opened by the first attempt or probe. A connection that the peer drains (GOAWAY) finishes what is
// on it while a new one takes over. While exchanges wait for an answer and nothing is heard for
// kQuiet, the peer is asked (PING); a peer that stays silent for kPatience more is given up: its
// exchanges break with Errc::timed_out and the owner hears on_unreachable.

#include <optional>

#include "meshkit/async/deadline.h"
#include "meshkit/http/h2_client.h"
#include "meshkit/http/h2_context.h"
#include "proxy/forward/http_client.h"

namespace mesh::forward {

class H2Channel final : public HttpClient {
 public:
  static constexpr Milliseconds kQuiet{200};
  static constexpr Milliseconds kPatience{800};
  static constexpr std::size_t kMaxWaiting = 10'000;

  // All must outlive the channel; `sensor` may be null.
  H2Channel(http::H2Context& context, const DialTarget& target, const ClientTls& tls,
            HttpClientEvents& events, TransportSensor* sensor);
  ~H2Channel() override;

  Dispatcher::Opened open(Attempt& attempt) override;
  bool probe() override;
  void drain() override;
  bool is_over() const override;

 private:
  // One connection, current or draining.
  class Connection;
  struct ConnectionTag {};

  void dial();
  void on_dialed(Result<Dialed> dialed);
  void wake_waiters();
  void fail_waiters(Cause cause);
  void on_connection_closed(Connection& connection, const Error& error);

  Loop& loop_;
  http::H2Context& context_;
  const DialTarget& target_;
  const ClientTls& tls_;
  HttpClientEvents& events_;
  TransportSensor* sensor_;
  std::unique_ptr<Dial> dial_;
  Connection* current_ = nullptr;
  IntrusiveList<Connection, ConnectionTag> connections_;
  std::size_t connection_count_ = 0;
  IntrusiveList<balance::Waiter, balance::WaitTag> waiters_;
  std::size_t waiting_ = 0;
  bool is_draining_ = false;
};

}  // namespace mesh::forward
