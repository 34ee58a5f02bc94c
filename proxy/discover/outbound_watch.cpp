#include "proxy/discover/outbound_watch.h"

#include <algorithm>

#include "proxy/policy/effective_policy.h"
#include "proxy/policy/outbound_from_api.h"
#include "proxy/policy/profile_from_api.h"

namespace mesh::discover {
namespace {

namespace pb = io::linkerd::proxy;

void write_address(pb::net::TcpAddress& out, const net::SocketAddress& address) {
  out.set_port(address.port());
  if (address.ip().is_v4()) {
    out.mutable_ip()->set_ipv4(address.ip().v4_host_order());
    return;
  }
  std::uint64_t halves[2] = {0, 0};
  const auto& bytes = address.ip().mapped();
  for (std::size_t i = 0; i < bytes.size(); ++i) halves[i / 8] = halves[i / 8] << 8 | bytes[i];
  out.mutable_ip()->mutable_ipv6()->set_first(halves[0]);
  out.mutable_ip()->mutable_ipv6()->set_last(halves[1]);
}

pb::destination::GetDestination profile_request(const HubSettings& settings,
                                                const net::SocketAddress& address) {
  pb::destination::GetDestination request;
  request.set_path(std::string(address.text().view()));
  request.set_context_token(settings.context_token);
  return request;
}

pb::outbound::TrafficSpec policy_request(const HubSettings& settings,
                                         const net::SocketAddress& address) {
  pb::outbound::TrafficSpec request;
  request.set_source_workload(settings.workload);
  write_address(*request.mutable_addr(), address);
  return request;
}

// Endpoints of the workload itself are reached as themselves, in plaintext.
void localise(policy::OutboundPolicy& policy, const std::vector<net::IpAddress>& own) {
  for (policy::BackendTable::Index i = 0; i < policy.backends.size(); ++i) {
    policy::Backend backend = policy.backends[i];
    auto* endpoint = std::get_if<policy::Endpoint>(&backend.target);
    if (endpoint == nullptr) continue;
    if (std::find(own.begin(), own.end(), endpoint->address.ip()) == own.end()) continue;
    *endpoint = policy::as_local(std::move(*endpoint));
    policy.backends.replace(i, std::move(backend));
  }
}

}  // namespace

OutboundWatch::OutboundWatch(Loop& loop, rpc::Channel& destination, rpc::Channel& policy,
                             const HubSettings& settings, const net::SocketAddress& address)
    : settings_(settings), address_(address), overdue_(loop) {
  const WatchOptions options{.limits = settings.limits, .backoff = settings.backoff};
  const bool has_profile =
      std::any_of(settings.profile_networks.begin(), settings.profile_networks.end(),
                  [&](const net::IpNetwork& network) { return network.contains(address.ip()); });
  if (has_profile) {
    profile_stream_.emplace(destination, "/io.linkerd.proxy.destination.Destination/GetProfile",
                            profile_request(settings, address), options, profile_side_);
  } else {
    profile_answered_ = true;
  }
  WatchOptions policy_options = options;
  policy_options.none_is_final = true;
  policy_stream_.emplace(policy, "/io.linkerd.proxy.outbound.OutboundPolicies/Watch",
                         policy_request(settings, address), policy_options, policy_side_);
  overdue_.start(settings.discovery_timeout, [this] { on_overdue(); });
}

void OutboundWatch::subscribe(const Subscriber& subscriber) {
  subscribers_.push_back(subscriber);
  if (effective_) return subscriber.recipient->deliver(subscriber.id, effective_);
  if (is_overdue_)
    subscriber.recipient->deliver_unknown(subscriber.id,
                                          {Errc::timed_out, "the controller does not answer"});
}

bool OutboundWatch::unsubscribe(const Subscriber& subscriber) {
  std::erase(subscribers_, subscriber);
  return subscribers_.empty();
}

void OutboundWatch::on_profile(const ProfileMessage& message) {
  profile_ = policy::profile_from(message);
  profile_answered_ = true;
  combine();
}

void OutboundWatch::on_no_profile() {
  profile_.reset();
  profile_answered_ = true;
  combine();
}

void OutboundWatch::on_policy(const PolicyMessage& message) {
  policy_ = policy::outbound_policy_from(message);
  policy_answered_ = true;
  combine();
}

// "Not found" leaves it to the profile; any other final answer is a refusal.
void OutboundWatch::on_no_policy(const rpc::Status& status) {
  policy_.reset();
  if (status.code != rpc::GrpcCode::not_found && status.code != rpc::GrpcCode::unimplemented)
    policy_ = policy::OutboundPolicy::invalid("policy service refused: " + status.message);
  policy_answered_ = true;
  combine();
}

// A policy without its profile may be used; a destination whose policy is not known may be one that
// nobody is allowed to reach.
void OutboundWatch::on_overdue() {
  if (effective_) return;
  if (policy_answered_) {
    profile_answered_ = true;
    return combine();
  }
  is_overdue_ = true;
  for (const Subscriber& subscriber : subscribers_)
    subscriber.recipient->deliver_unknown(
        subscriber.id, {Errc::timed_out, "the controller did not answer in time"});
}

void OutboundWatch::combine() {
  if (!policy_answered_ || !profile_answered_) return;
  overdue_.stop();
  is_overdue_ = false;
  policy::OutboundPolicy effective = policy::effective_policy(
      address_, policy_ ? &*policy_ : nullptr, profile_ ? &*profile_ : nullptr);
  localise(effective, settings_.own_addresses);
  effective_ = Snapshot<policy::OutboundPolicy>(std::move(effective));
  for (const Subscriber& subscriber : subscribers_)
    subscriber.recipient->deliver(subscriber.id, effective_);
}

}  // namespace mesh::discover
