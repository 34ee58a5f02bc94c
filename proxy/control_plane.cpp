#include "proxy/control_plane.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "meshkit/base/log.h"

namespace mesh {
namespace {

constexpr Milliseconds kAnchorsInterval{2000};

// Empty when the file cannot be read.
std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string anchors_of(const TrustAnchors& anchors) {
  return anchors.file.empty() ? anchors.pem : read_file(anchors.file);
}

discover::HubSettings hub_settings(const Settings& settings) {
  return {.context_token = settings.control.destination_context,
          .workload = settings.control.policy_workload,
          .profile_networks = settings.profiles.networks,
          .own_addresses = settings.inbound.own_addresses,
          .discovery_timeout = settings.control.discovery_timeout,
          .limits = {.initial = settings.control.streams.initial,
                     .idle = settings.control.streams.idle,
                     .lifetime = settings.control.streams.lifetime},
          .default_policy = settings.port_policy.default_policy,
          .cluster_networks = settings.port_policy.cluster_networks,
          .opaque_ports = settings.port_policy.opaque_ports,
          .detect_timeout = settings.port_policy.detect_timeout};
}

}  // namespace

Result<std::unique_ptr<ControlPlane>> ControlPlane::make(Loop& loop, const Settings& settings,
                                                         identity::IdentityEvents& events) {
  const std::string pem = anchors_of(settings.trust_anchors);
  auto bundle = tls::TrustBundle::from_pem(pem);
  if (!bundle) return fail(bundle.error());
  auto plane = std::make_unique<ControlPlane>(loop, settings, *bundle, events);
  plane->anchors_pem_ = pem;
  auto identity = identity::IdentityClient::make(loop, *plane->identity_channel_, settings.identity,
                                                 *std::move(bundle),
                                                 static_cast<identity::IdentityEvents&>(*plane));
  if (!identity) return fail(identity.error());
  plane->identity_ = *std::move(identity);
  plane->follow_anchors();
  return plane;
}

ControlPlane::ControlPlane(Loop& loop, const Settings& settings, tls::TrustBundle bundle,
                           identity::IdentityEvents& events)
    : loop_(loop),
      settings_(settings),
      events_(events),
      context_(tls::Context::make_anonymous_client(bundle, loop)),
      h2_(loop, http::H2Role::client, {}),
      resolver_(loop, {}),
      hub_settings_(hub_settings(settings)),
      identity_dialers_(loop, *this, settings.control.identity.name),
      destination_dialers_(loop, *this, settings.control.destination.name),
      policy_dialers_(loop, *this, settings.control.policy.name),
      identity_channel_(channel_to(settings.control.identity, identity_dialers_)),
      destination_channel_(channel_to(settings.control.destination, destination_dialers_)),
      policy_channel_(channel_to(settings.control.policy, policy_dialers_)),
      hub_(std::make_unique<discover::Hub>(loop, *destination_channel_, *policy_channel_,
                                           hub_settings_)),
      anchors_timer_(loop) {}

ControlPlane::~ControlPlane() = default;

std::unique_ptr<rpc::Dialer> ControlDialers::dialer_to(const net::SocketAddress& address) {
  std::optional<rpc::DialSecurity> security;
  if (!name_.empty()) security = rpc::DialSecurity{.source = &tls_, .name = name_};
  return std::make_unique<rpc::AddressDialer>(loop_, address, std::move(security));
}

std::unique_ptr<rpc::Channel> ControlPlane::channel_to(const ControlAddress& address,
                                                       ControlDialers& dialers) {
  return std::make_unique<rpc::BalancedChannel>(
      h2_, std::make_unique<rpc::NameSource>(resolver_, address.host, address.port), dialers,
      rpc::ChannelOptions{
          .authority = address.text(),
          .backoff = {.min = Milliseconds(100), .max = Milliseconds(2000), .jitter = 0.1}});
}

// The control plane's clients show the certificate too, from the next connection on.
void ControlPlane::on_identity(const Snapshot<identity::WorkloadIdentity>& identity) {
  auto context = tls::Context::make(tls::Context::Role::client, identity->credentials,
                                    identity->bundle, loop_);
  if (context) {
    context_ = *std::move(context);
  } else {
    log::error("control", "identity cannot be used", "error", describe(context.error()));
  }
  events_.on_identity(identity);
}

// A mounted file changes by being replaced, which not every file system tells; so it is looked at.
void ControlPlane::follow_anchors() {
  if (settings_.trust_anchors.file.empty()) return;
  anchors_timer_.start_repeating(kAnchorsInterval, [this] {
    std::string pem = read_file(settings_.trust_anchors.file);
    if (pem.empty() || pem == anchors_pem_) return;
    auto bundle = tls::TrustBundle::from_pem(pem);
    if (!bundle)
      return log::warn("control", "new trust anchors cannot be used, the old ones stay", "file",
                       settings_.trust_anchors.file, "error", describe(bundle.error()));
    anchors_pem_ = std::move(pem);
    log::info("control", "trust anchors changed", "roots", bundle->roots().size());
    identity_->set_bundle(*std::move(bundle));
  });
}

}  // namespace mesh
