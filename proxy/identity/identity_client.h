#pragma once
// IdentityClient: gets this workload's certificate from the control plane and keeps it fresh.
//
//   key (made in memory, or key.p8) ─▶ CSR ─▶ Certify ─▶ check ─▶ publish ─▶ wait 70 % of its life
//   ─┐
//                                        ▲ │
//                                        └──────────────────────────────────────────────────────────┘
//
// A failure is retried with back-off; the certificate in force stays in force until it expires. The
// token is read anew for every call. A changed trust bundle is published with the current
// certificate as soon as that certificate is valid under it; if it is not, a new certificate is
// asked for first. Runs on the control thread.

#include <memory>
#include <optional>
#include <string>

#include "meshkit/async/timer.h"
#include "meshkit/rpc/channel.h"
#include "meshkit/rpc/typed_call.h"
#include "proxy/identity/workload_identity.h"

namespace io::linkerd::proxy::identity {
class CertifyResponse;
}

namespace mesh::identity {

struct IdentitySettings {
  std::string server_id;    // what the certificate must name
  std::string server_name;  // what Certify is asked for
  std::string token_file;
  std::string directory;  // csr.der and key.p8 are used when both are there; may be empty
  Milliseconds min_refresh{10'000};
  Milliseconds max_refresh{24LL * 3600 * 1000};
};

// How long after `now` to renew a certificate that ends at `not_after`: 70 % of what is left,
// within the bounds. Pure.
Milliseconds refresh_delay(WallTime now, WallTime not_after, Milliseconds min, Milliseconds max);

class IdentityClient {
 public:
  struct Counters {
    std::uint64_t refreshed = 0;
    std::uint64_t failed = 0;
  };

  // References outlive it. Fails when the key or request of `directory` cannot be used.
  static Result<std::unique_ptr<IdentityClient>> make(Loop& loop, rpc::Channel& channel,
                                                      const IdentitySettings& settings,
                                                      tls::TrustBundle bundle,
                                                      IdentityEvents& events);
  // For make().
  IdentityClient(Loop& loop, rpc::Channel& channel, const IdentitySettings& settings,
                 tls::TrustBundle bundle, IdentityEvents& events, tls::Key key,
                 std::vector<std::uint8_t> signing_request);
  IdentityClient(const IdentityClient&) = delete;
  ~IdentityClient();

  void start();
  void set_bundle(tls::TrustBundle bundle);

  // Empty until the first certificate; then when it ends.
  std::optional<WallTime> expires() const;
  std::optional<WallTime> refreshed_at() const { return refreshed_at_; }
  // Why there is no certificate yet; for /ready.
  const std::string& problem() const noexcept { return problem_; }
  const Counters& counters() const noexcept { return counters_; }

 private:
  using Response = io::linkerd::proxy::identity::CertifyResponse;

  void certify();
  void on_certified(const rpc::Status& status, const Response* response);
  Result<tls::Credentials> credentials_from(const Response& response) const;
  void publish();
  void retry_because(std::string problem);
  void schedule(Milliseconds delay);

  Loop& loop_;
  rpc::Channel& channel_;
  const IdentitySettings settings_;
  tls::TrustBundle bundle_;
  IdentityEvents& events_;
  const tls::Key key_;
  const std::vector<std::uint8_t> signing_request_;
  std::optional<tls::Credentials> credentials_;
  std::optional<WallTime> refreshed_at_;
  std::string problem_ = "no answer from the identity service yet";
  Counters counters_;
  Timer timer_;
  std::unique_ptr<rpc::UnaryCall<Response>> call_;
};

}  // namespace mesh::identity
