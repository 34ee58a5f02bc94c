#pragma once
// OutboundWatch: what the control plane says about one original destination: profile and policy,
// combined into the effective policy, for every worker that asked. On the control thread.

#include <optional>

#include "meshkit/api/destination.pb.h"
#include "meshkit/api/outbound.pb.h"
#include "proxy/discover/hub_settings.h"
#include "proxy/discover/subscriber.h"
#include "proxy/discover/watch_stream.h"
#include "proxy/policy/profile.h"

namespace mesh::discover {

class OutboundWatch {
 public:
  OutboundWatch(Loop& loop, rpc::Channel& destination, rpc::Channel& policy,
                const HubSettings& settings, const net::SocketAddress& address);
  OutboundWatch(const OutboundWatch&) = delete;

  void subscribe(const Subscriber& subscriber);
  // True when nobody is left.
  bool unsubscribe(const Subscriber& subscriber);

 private:
  using ProfileMessage = io::linkerd::proxy::destination::DestinationProfile;
  using PolicyMessage = io::linkerd::proxy::outbound::OutboundPolicy;

  class ProfileSide final : public WatchEvents<ProfileMessage> {
   public:
    explicit ProfileSide(OutboundWatch& watch) : watch_(watch) {}
    void on_update(ProfileMessage& update) override { watch_.on_profile(update); }
    void on_final(const rpc::Status&) override { watch_.on_no_profile(); }

   private:
    OutboundWatch& watch_;
  };
  class PolicySide final : public WatchEvents<PolicyMessage> {
   public:
    explicit PolicySide(OutboundWatch& watch) : watch_(watch) {}
    void on_update(PolicyMessage& update) override { watch_.on_policy(update); }
    void on_final(const rpc::Status& status) override { watch_.on_no_policy(status); }

   private:
    OutboundWatch& watch_;
  };

  void on_profile(const ProfileMessage& message);
  void on_no_profile();
  void on_policy(const PolicyMessage& message);
  void on_no_policy(const rpc::Status& status);
  void on_overdue();
  void combine();

  const HubSettings& settings_;
  const net::SocketAddress address_;
  Subscribers subscribers_;
  bool profile_answered_ = false;
  bool policy_answered_ = false;
  bool is_overdue_ = false;
  std::optional<policy::Profile> profile_;
  std::optional<policy::OutboundPolicy> policy_;
  Snapshot<policy::OutboundPolicy> effective_;
  Timer overdue_;
  ProfileSide profile_side_{*this};
  PolicySide policy_side_{*this};
  std::optional<WatchStream<io::linkerd::proxy::destination::GetDestination, ProfileMessage>>
      profile_stream_;
  std::optional<WatchStream<io::linkerd::proxy::outbound::TrafficSpec, PolicyMessage>>
      policy_stream_;
};

}  // namespace mesh::discover
