#include "proxy/inbound/app_client.h"

namespace mesh::inbound {
namespace {

constexpr double kResendRatio = 0.2;
constexpr double kResendsPerSecond = 10;

// The application is reached in plaintext.
class NoTls final : public forward::ClientTls {
 public:
  const tls::Context* client_context() const override { return nullptr; }
};
constinit const NoTls kNoTls;

}  // namespace

AppClient::AppClient(const AppResources& resources, const net::SocketAddress& address)
    : loop_(resources.h2.loop()),
      target_{.address = address,
              .connect = resources.connect,
              .tls = std::nullopt,
              .transport_header = {}},
      budget_(kResendRatio, kResendsPerSecond, loop_.now()),
      h1_(loop_, target_, kNoTls, resources.h1, static_cast<forward::HttpClientEvents&>(*this),
          resources.sensor),
      h2_(resources.h2, target_, kNoTls, static_cast<forward::HttpClientEvents&>(*this),
          resources.sensor) {}

AppClient::Opened AppClient::open(forward::Attempt& attempt) {
  attempt.target = this;
  budget_.deposit();
  return attempt.client_version == http::Version::http2 ? h2_.open(attempt) : h1_.open(attempt);
}

forward::Cause AppClient::cause_of(const http::Reset& reset) const {
  switch (reset.error.code) {
    case Errc::protocol:
    case Errc::limit: return forward::Cause::response_invalid;
    default: return forward::Cause::app_lost;
  }
}

}  // namespace mesh::inbound
