#include "meshkit/rpc/balanced_channel.h"

#include <algorithm>
#include <utility>

namespace mesh::rpc {

class BalancedChannel::Server final : private DirectChannelEvents {
 public:
  Server(BalancedChannel& owner, const net::SocketAddress& address)
      : owner_(owner),
        address_(address),
        channel_(owner.context_, owner.dialers_.dialer_to(address), owner.options_, this) {}

  const net::SocketAddress& address() const noexcept { return address_; }
  DirectChannel& channel() noexcept { return channel_; }

 private:
  void on_failing() override { owner_.on_failing(*this); }

  BalancedChannel& owner_;
  const net::SocketAddress address_;
  DirectChannel channel_;
};

BalancedChannel::BalancedChannel(http::H2Context& context, std::unique_ptr<AddressSource> source,
                                 DialerFactory& dialers, const ChannelOptions& options)
    : context_(context),
      source_(std::move(source)),
      dialers_(dialers),
      options_(options),
      backoff_(options.backoff),
      refresh_(context.loop(), [this] { resolve(); }) {
  resolve();
}

BalancedChannel::~BalancedChannel() {
  is_asking_ = true;  // no more of that
  while (Call* call = waiting_.pop_front()) call->fail(GrpcCode::unavailable, "channel closed");
}

void BalancedChannel::submit(Call& call) {
  Server* server = pick();
  if (server == nullptr) return waiting_.push_back(call);
  server->channel().submit(call);
}

BalancedChannel::Server* BalancedChannel::pick() {
  if (servers_.empty()) return nullptr;
  reachable_.clear();
  for (const auto& server : servers_)
    if (!server->channel().is_failing()) reachable_.push_back(server.get());
  if (reachable_.empty())
    for (const auto& server : servers_) reachable_.push_back(server.get());
  return &pick_of(reachable_);
}

BalancedChannel::Server& BalancedChannel::pick_of(const std::vector<Server*>& candidates) {
  const auto count = static_cast<std::uint32_t>(candidates.size());
  const std::uint32_t first = loop().random().below(count);
  if (count == 1) return *candidates[first];
  const std::uint32_t second = (first + 1 + loop().random().below(count - 1)) % count;
  Server& one = *candidates[first];
  Server& other = *candidates[second];
  return one.channel().load().cost() <= other.channel().load().cost() ? one : other;
}

void BalancedChannel::resolve() {
  if (is_asking_) return;
  is_asking_ = true;
  asked_ = loop().now();
  source_->resolve([this](const net::Resolution& answer) { on_resolved(answer); });
}

void BalancedChannel::on_resolved(const net::Resolution& answer) {
  is_asking_ = false;
  sweep();
  if (!answer.status) {
    const Milliseconds negative = answer.valid_for.value_or(std::chrono::seconds(0));
    return refresh_.arm(std::max(negative, backoff_.next(loop().random())));
  }
  backoff_.reset();
  const Milliseconds valid = answer.valid_for.value_or(std::chrono::seconds(0));
  refresh_.arm(std::max(valid, options_.shortest_refresh));
  take_addresses(answer.addresses);
  while (Call* call = waiting_.pop_front()) submit(*call);
}

void BalancedChannel::take_addresses(const std::vector<net::SocketAddress>& addresses) {
  const auto is_named = [&](const std::unique_ptr<Server>& server) {
    return std::find(addresses.begin(), addresses.end(), server->address()) != addresses.end();
  };
  const auto gone = std::partition(servers_.begin(), servers_.end(), is_named);
  const auto first_left = static_cast<std::ptrdiff_t>(leaving_.size());
  std::move(gone, servers_.end(), std::back_inserter(leaving_));
  servers_.erase(gone, servers_.end());
  for (const net::SocketAddress& address : addresses) {
    const auto is_same = [&](const auto& server) { return server->address() == address; };
    if (std::none_of(servers_.begin(), servers_.end(), is_same))
      servers_.push_back(std::make_unique<Server>(*this, address));
  }
  for (auto at = leaving_.begin() + first_left; at != leaving_.end(); ++at) move_waiting(**at);
  sweep();
}

void BalancedChannel::on_failing(Server& server) {
  const auto is_other = [&](const auto& other) {
    return other.get() != &server && !other->channel().is_failing();
  };
  if (std::any_of(servers_.begin(), servers_.end(), is_other)) move_waiting(server);
  const auto since = std::chrono::duration_cast<Milliseconds>(loop().now() - asked_);
  if (!is_asking_) refresh_.arm(std::max(options_.shortest_refresh - since, Milliseconds(0)));
}

void BalancedChannel::move_waiting(Server& from) {
  while (Call* call = from.channel().take_waiting()) submit(*call);
}

void BalancedChannel::sweep() {
  std::erase_if(leaving_, [](const auto& server) { return server->channel().is_idle(); });
}

}  // namespace mesh::rpc
