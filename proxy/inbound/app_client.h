#pragma once
// AppClient: the way to the application behind this proxy, at one address: plaintext, in the
// version of HTTP that the client used. It never balances; a refused connection is the answer.

#include "proxy/balance/retry_budget.h"
#include "proxy/forward/dispatcher.h"
#include "proxy/forward/h1_pool.h"
#include "proxy/forward/h2_channel.h"

namespace mesh::inbound {

// What all application connections of a worker share. Outlives them.
struct AppResources {
  http::H2Context& h2;
  const forward::H1PoolSettings& h1;
  net::ConnectOptions connect;
  forward::TransportSensor* sensor = nullptr;
};

class AppClient final : public forward::Dispatcher,
                        public forward::Target,
                        private forward::HttpClientEvents {
 public:
  AppClient(const AppResources& resources, const net::SocketAddress& address);

  // Exchanges that were routed here and are not over.
  std::size_t exchanges = 0;
  const net::SocketAddress& address() const noexcept { return target_.address; }

  Opened open(forward::Attempt& attempt) override;
  void responded(forward::Attempt&) override {}
  void classified(forward::Attempt&, balance::ResponseClass) override {}
  void broke(forward::Attempt&, forward::Cause) override {}
  void ended(forward::Attempt&, const forward::Outcome&) override {}
  forward::Cause cause_of(const http::Reset& reset) const override;
  bool may_retry_connect(const forward::Attempt&) override { return false; }
  // To the same application: only what a keep-alive connection lost on its way.
  bool may_resend() override { return budget_.withdraw(loop_.now()); }

  bool is_meshed() const noexcept override { return false; }
  bool carries_http1() const noexcept override { return false; }

 private:
  void on_reachable() override {}
  void on_unreachable(const Error&) override {}
  void on_connections_changed() override {}
  forward::Cause connect_cause_of(const Error& error) const override {
    return forward::app_connect_cause(error);
  }

  Loop& loop_;
  const forward::DialTarget target_;
  balance::RetryBudget budget_;
  forward::H1Pool h1_;
  forward::H2Channel h2_;
};

}  // namespace mesh::inbound
