#pragma once
// BalancedChannel: gRPC calls over all servers of a service.
//
// Each call goes to the less loaded (load.h) of two servers picked at random, past those that
// cannot be reached as long as there are others. A call that waits for a server which turns out to
// be unreachable moves to another. Addresses are asked for anew when the answer's time is over, but
// not more often than shortest_refresh, and earlier when a server fails. While asking fails the
// last addresses stay in use. A server that is no longer named gets no new calls and goes when its
// last call ends.
//
// Must not be destroyed from inside an event of one of its calls.

#include <memory>
#include <vector>

#include "meshkit/async/backoff.h"
#include "meshkit/async/deadline.h"
#include "meshkit/net/address.h"
#include "meshkit/rpc/address_source.h"
#include "meshkit/rpc/channel.h"
#include "meshkit/rpc/direct_channel.h"

namespace mesh::rpc {

class DialerFactory {
 public:
  virtual std::unique_ptr<Dialer> dialer_to(const net::SocketAddress& address) = 0;

 protected:
  ~DialerFactory() = default;
};

class BalancedChannel final : public Channel {
 public:
  // `context` (of the client role) must outlive the channel by a turn of the loop; `dialers` must
  // outlive it. `options` are those of each connection; asking for addresses backs off alike.
  BalancedChannel(http::H2Context& context, std::unique_ptr<AddressSource> source,
                  DialerFactory& dialers, const ChannelOptions& options);
  BalancedChannel(const BalancedChannel&) = delete;
  BalancedChannel& operator=(const BalancedChannel&) = delete;
  ~BalancedChannel() override;

  void submit(Call& call) override;
  std::string_view authority() const override { return options_.authority; }
  Loop& loop() override { return context_.loop(); }

  std::size_t server_count() const noexcept { return servers_.size(); }

 private:
  class Server;
  using Servers = std::vector<std::unique_ptr<Server>>;

  void resolve();
  void on_resolved(const net::Resolution& answer);
  void take_addresses(const std::vector<net::SocketAddress>& addresses);
  void on_failing(Server& server);
  void move_waiting(Server& from);
  Server* pick();
  Server& pick_of(const std::vector<Server*>& candidates);
  void sweep();

  http::H2Context& context_;
  std::unique_ptr<AddressSource> source_;
  DialerFactory& dialers_;
  const ChannelOptions options_;
  Servers servers_;
  Servers leaving_;
  std::vector<Server*> reachable_;  // scratch of pick()
  IntrusiveList<Call, CallTag> waiting_;
  Backoff backoff_;
  Deadline refresh_;
  TimePoint asked_{};
  bool is_asking_ = false;
};

}  // namespace mesh::rpc
