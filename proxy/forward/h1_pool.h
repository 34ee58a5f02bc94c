#pragma once
// H1Pool: the HTTP/1 connections to one target: idle ones are used again, last closed first used.
//
// One exchange occupies one connection; when none is idle another is opened, up to `max_open`. Idle
// connections close after `idle_timeout`, or at once when the server closes or speaks out of turn.

#include <cstdint>

#include "meshkit/async/deadline.h"
#include "meshkit/http/h1_client.h"
#include "proxy/forward/http_client.h"

namespace mesh::forward {

struct H1PoolSettings {
  Milliseconds idle_timeout{3000};
  std::size_t max_idle = 10'000;
  std::size_t max_open = 10'000;
  std::size_t max_waiting = 10'000;
  http::H1Limits limits;
};

class H1Pool final : public HttpClient {
 public:
  // All must outlive the pool; `sensor` may be null.
  H1Pool(Loop& loop, const DialTarget& target, const ClientTls& tls, const H1PoolSettings& settings,
         HttpClientEvents& events, TransportSensor* sensor);
  ~H1Pool() override;

  Dispatcher::Opened open(Attempt& attempt) override;
  bool probe() override;
  void drain() override;
  bool is_over() const override;

 private:
  class Connection;
  struct ConnectionTag {};
  struct Dialing;
  struct DialTag {};

  void dial();
  void on_dialed(Dialing& dialing, Result<Dialed> dialed);
  void on_available(Connection& connection);
  void on_unusable(Connection& connection);
  void on_connection_closed(Connection& connection, const Error& error);
  void fail_one_waiter(Cause cause);

  Loop& loop_;
  const DialTarget& target_;
  const ClientTls& tls_;
  const H1PoolSettings& settings_;
  HttpClientEvents& events_;
  TransportSensor* sensor_;
  IntrusiveList<Connection, ConnectionTag> idle_;  // most recently used first
  IntrusiveList<Connection, ConnectionTag> busy_;
  IntrusiveList<Dialing, DialTag> dialing_;
  IntrusiveList<balance::Waiter, balance::WaitTag> waiters_;
  std::size_t idle_count_ = 0;
  std::size_t open_count_ = 0;  // idle, busy and dialing
  std::size_t dialing_count_ = 0;
  std::size_t waiting_ = 0;
  bool is_draining_ = false;
};

}  // namespace mesh::forward
