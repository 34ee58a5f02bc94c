#include "proxy/identity/identity_client.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "meshkit/api/identity.pb.h"
#include "meshkit/base/log.h"
#include "meshkit/tls/signing_request.h"

namespace mesh::identity {
namespace {

constexpr Milliseconds kCallDeadline{10'000};
constexpr Milliseconds kFirstRetry{1'000};

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

struct KeyAndRequest {
  tls::Key key;
  std::vector<std::uint8_t> request;
};

Result<KeyAndRequest> key_from(const std::string& directory) {
  const auto key_bytes = read_file(directory + "/key.p8");
  const auto request = read_file(directory + "/csr.der");
  if (!key_bytes || !request) return fail(Errc::not_found, "no key.p8 and csr.der");
  auto key = tls::Key::from_der(as_bytes(*key_bytes));
  if (!key) return fail(key.error());
  return KeyAndRequest{*std::move(key), {request->begin(), request->end()}};
}

Result<KeyAndRequest> fresh_key(const std::string& identity) {
  tls::Key key = tls::Key::generate();
  auto request = tls::make_signing_request(key, identity);
  if (!request) return fail(request.error());
  return KeyAndRequest{std::move(key), *std::move(request)};
}

}  // namespace

Milliseconds refresh_delay(WallTime now, WallTime not_after, Milliseconds min, Milliseconds max) {
  const auto left = std::chrono::duration_cast<Milliseconds>(not_after - now);
  return std::clamp(Milliseconds(left.count() / 10 * 7), min, max);
}

Result<std::unique_ptr<IdentityClient>> IdentityClient::make(Loop& loop, rpc::Channel& channel,
                                                             const IdentitySettings& settings,
                                                             tls::TrustBundle bundle,
                                                             IdentityEvents& events) {
  auto made =
      settings.directory.empty() ? fresh_key(settings.server_id) : key_from(settings.directory);
  if (!made && made.error().code == Errc::not_found) made = fresh_key(settings.server_id);
  if (!made) return fail(made.error());
  return std::make_unique<IdentityClient>(loop, channel, settings, std::move(bundle), events,
                                          std::move(made->key), std::move(made->request));
}

IdentityClient::IdentityClient(Loop& loop, rpc::Channel& channel, const IdentitySettings& settings,
                               tls::TrustBundle bundle, IdentityEvents& events, tls::Key key,
                               std::vector<std::uint8_t> signing_request)
    : loop_(loop),
      channel_(channel),
      settings_(settings),
      bundle_(std::move(bundle)),
      events_(events),
      key_(std::move(key)),
      signing_request_(std::move(signing_request)),
      timer_(loop) {}

IdentityClient::~IdentityClient() = default;

void IdentityClient::start() { certify(); }

void IdentityClient::certify() {
  const auto token = read_file(settings_.token_file);
  if (!token || token->empty())
    return retry_because("token file " + settings_.token_file + " cannot be read or is empty");
  io::linkerd::proxy::identity::CertifyRequest request;
  request.set_identity(settings_.server_name);
  request.set_token(*token);
  request.set_certificate_signing_request(signing_request_.data(), signing_request_.size());
  call_ = std::make_unique<rpc::UnaryCall<Response>>(
      channel_, "/io.linkerd.proxy.identity.Identity/Certify", request,
      rpc::CallOptions{.deadline = kCallDeadline},
      [this](const rpc::Status& status, Response* response) { on_certified(status, response); });
}

void IdentityClient::on_certified(const rpc::Status& status, const Response* response) {
  if (response == nullptr) {
    std::string problem = "identity service: ";
    problem.append(http::name_of(status.code)).append(": ").append(status.message);
    return retry_because(std::move(problem));
  }
  auto credentials = credentials_from(*response);
  if (!credentials)
    return retry_because("certificate cannot be used: " + describe(credentials.error()));
  credentials_ = *std::move(credentials);
  refreshed_at_ = loop_.wall_now();
  ++counters_.refreshed;
  problem_.clear();
  log::info(
      "identity", "certificate obtained", "identity", settings_.server_id, "seconds_left",
      std::chrono::duration_cast<std::chrono::seconds>(*expires() - loop_.wall_now()).count());
  publish();
  schedule(
      refresh_delay(loop_.wall_now(), *expires(), settings_.min_refresh, settings_.max_refresh));
}

Result<tls::Credentials> IdentityClient::credentials_from(const Response& response) const {
  auto leaf = tls::Certificate::from_der(as_bytes(response.leaf_certificate()));
  if (!leaf) return fail(leaf.error());
  tls::Credentials credentials{.key = key_, .leaf = *std::move(leaf), .intermediates = {}};
  for (const std::string& der : response.intermediate_certificates()) {
    auto intermediate = tls::Certificate::from_der(as_bytes(der));
    if (!intermediate) return fail(intermediate.error());
    credentials.intermediates.push_back(*std::move(intermediate));
  }
  const WallTime valid_until{std::chrono::seconds(response.valid_until().seconds())};
  if (valid_until <= loop_.wall_now()) return fail(Errc::invalid, "valid_until has passed");
  const mesh::Status usable =
      tls::check(credentials, settings_.server_id, bundle_, loop_.wall_now());
  if (!usable) return fail(usable.error());
  return credentials;
}

std::optional<WallTime> IdentityClient::expires() const {
  if (!credentials_) return std::nullopt;
  return credentials_->leaf.not_after();
}

void IdentityClient::set_bundle(tls::TrustBundle bundle) {
  bundle_ = std::move(bundle);
  if (!credentials_) return;
  if (tls::check(*credentials_, settings_.server_id, bundle_, loop_.wall_now())) return publish();
  log::info("identity", "certificate is not valid under the new trust bundle, asking for another");
  certify();
}

void IdentityClient::publish() {
  events_.on_identity(Snapshot<WorkloadIdentity>(WorkloadIdentity{
      .name = settings_.server_id, .credentials = *credentials_, .bundle = bundle_}));
}

void IdentityClient::retry_because(std::string problem) {
  ++counters_.failed;
  problem_ = std::move(problem);
  log::warn("identity", "no certificate", "reason", problem_);
  // Until there is a first certificate nothing works, so that one is asked for eagerly.
  const Milliseconds delay = !credentials_
                                 ? kFirstRetry
                                 : refresh_delay(loop_.wall_now(), *expires(),
                                                 settings_.min_refresh, settings_.max_refresh);
  schedule(delay);
}

void IdentityClient::schedule(Milliseconds delay) {
  timer_.start(delay, [this] { certify(); });
}

}  // namespace mesh::identity
