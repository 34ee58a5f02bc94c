#pragma once
// ControlPlane: the proxy's connections to the control plane, and what is kept up over them: the
// identity and the watches. On the control thread.

#include <memory>
#include <string>

#include "meshkit/http/h2_context.h"
#include "meshkit/net/resolver.h"
#include "meshkit/rpc/address_dialer.h"
#include "meshkit/rpc/balanced_channel.h"
#include "meshkit/rpc/channel.h"
#include "meshkit/tls/context.h"
#include "proxy/discover/hub.h"
#include "proxy/identity/identity_client.h"
#include "proxy/settings.h"

namespace mesh {

// Opens connections to the servers of one service of the control plane.
class ControlDialers final : public rpc::DialerFactory {
 public:
  // Plaintext without `name`. References outlive it.
  ControlDialers(Loop& loop, const rpc::TlsSource& tls, std::string name)
      : loop_(loop), tls_(tls), name_(std::move(name)) {}

  std::unique_ptr<rpc::Dialer> dialer_to(const net::SocketAddress& address) override;

 private:
  Loop& loop_;
  const rpc::TlsSource& tls_;
  const std::string name_;
};

class ControlPlane final : private identity::IdentityEvents, private rpc::TlsSource {
 public:
  // References outlive it. Fails when the trust anchors or the key cannot be used.
  static Result<std::unique_ptr<ControlPlane>> make(Loop& loop, const Settings& settings,
                                                    identity::IdentityEvents& events);
  // For make(): has no identity client yet.
  ControlPlane(Loop& loop, const Settings& settings, tls::TrustBundle bundle,
               identity::IdentityEvents& events);
  ControlPlane(const ControlPlane&) = delete;
  ~ControlPlane();

  void start() { identity_->start(); }

  discover::Hub& hub() noexcept { return *hub_; }
  const identity::IdentityClient& identity() const noexcept { return *identity_; }

 private:
  std::unique_ptr<rpc::Channel> channel_to(const ControlAddress& address, ControlDialers& dialers);
  void on_identity(const Snapshot<identity::WorkloadIdentity>& identity) override;
  const tls::Context* client_context() const override { return &context_; }
  void follow_anchors();

  Loop& loop_;
  const Settings& settings_;
  identity::IdentityEvents& events_;
  tls::Context context_;  // of our clients: anonymous until there is a certificate
  http::H2Context h2_;
  net::Resolver resolver_;
  discover::HubSettings hub_settings_;
  ControlDialers identity_dialers_;
  ControlDialers destination_dialers_;
  ControlDialers policy_dialers_;
  std::unique_ptr<rpc::Channel> identity_channel_;
  std::unique_ptr<rpc::Channel> destination_channel_;
  std::unique_ptr<rpc::Channel> policy_channel_;
  std::unique_ptr<identity::IdentityClient> identity_;
  std::unique_ptr<discover::Hub> hub_;
  std::string anchors_pem_;
  Timer anchors_timer_;
};

}  // namespace mesh
