// The control plane's messages from arbitrary bytes: whatever they say, a policy comes out that can
// be asked, and nothing crashes.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "proxy/policy/effective_policy.h"
#include "proxy/policy/endpoint_from_api.h"
#include "proxy/policy/inbound_from_api.h"
#include "proxy/policy/outbound_from_api.h"
#include "proxy/policy/profile_from_api.h"
#include "proxy/policy/route_match.h"

namespace {

using namespace mesh;
using namespace mesh::policy;

void require(bool holds) {
  if (!holds) std::abort();
}

class NoFields final : public FieldSource {
 public:
  std::optional<std::string_view> find(std::string_view, std::size_t nth) const override {
    if (nth == 0) return "value";
    return std::nullopt;
  }
};

const NoFields kFields;
const std::array kRequests{RequestView{"GET", "web.example.com:80", "/a/b?c=d&e=%20f", kFields},
                           RequestView{"POST", "[::1]:80", "/shop.Web/Get", kFields},
                           RequestView{"CONNECT", "", "", kFields}};

template <class Message>
Message parse(const std::uint8_t* data, std::size_t size) {
  Message message;
  (void)message.ParseFromArray(data, static_cast<int>(size));  // what could be read counts
  return message;
}

void check(const OutboundPolicy& policy, const Distribution& distribution) {
  std::uint64_t total = 0;
  for (const BackendChoice& choice : distribution.choices) {
    require(choice.backend < policy.backends.size());
    total += choice.weight;
  }
  require((distribution.kind == Distribution::Kind::empty) == distribution.choices.empty());
  if (distribution.kind == Distribution::Kind::random)
    require(total > 0 && total == distribution.total_weight);
}

template <class Route>
void check(const OutboundPolicy& policy, const Routes<Route>& routes) {
  for (const RequestView& request : kRequests)
    if (const auto choice = choose_route(routes.routes, request))
      check(policy, choice->rule->distribution);
  require(routes.accrual.backoff.max >= routes.accrual.backoff.min);
}

void check(const OutboundPolicy& policy) {
  require((policy.kind == OutboundPolicy::Kind::invalid) == !policy.reason.empty());
  check(policy, policy.http1);
  check(policy, policy.http2);
  check(policy, policy.grpc);
  if (policy.opaque) check(policy, policy.opaque->distribution);
  if (const auto* route = choose_tls_route(policy.tls, "web.example.com"))
    check(policy, route->distribution);
}

void outbound(const std::uint8_t* data, std::size_t size) {
  const auto policy = outbound_policy_from(parse<pb::outbound::OutboundPolicy>(data, size));
  check(policy);
  Profile opaque;
  opaque.is_opaque = true;
  check(effective_policy(*net::SocketAddress::parse("10.0.0.1:80"), &policy, &opaque));
}

void profile(const std::uint8_t* data, std::size_t size) {
  const auto profile = profile_from(parse<pb::destination::DestinationProfile>(data, size));
  (void)choose_profile_route(profile.routes, "GET", "/a/b");
  check(effective_policy(*net::SocketAddress::parse("10.0.0.1:80"), nullptr, &profile));
}

void inbound(const std::uint8_t* data, std::size_t size) {
  const auto policy = server_policy_from(parse<pb::inbound::Server>(data, size));
  const bool is_invalid = policy.kind == ServerPolicy::Kind::invalid;
  const Client own{net::IpAddress::loopback_v4(), false, ""};
  require(authorize_connection(policy, own).is_allowed() != is_invalid);
  for (const RequestView& request : kRequests) {
    if (const auto choice = choose_route(policy.http_routes, request))
      (void)authorize_request(policy, *choice->route, own);
    if (const auto choice = choose_route(policy.grpc_routes, request))
      (void)authorize_request(policy, *choice->route, own);
  }
}

void endpoints(const std::uint8_t* data, std::size_t size) {
  EndpointSet set;
  set.apply(endpoint_change_from(parse<pb::destination::Update>(data, size)));
  for (const Endpoint& endpoint : set.endpoints()) {
    require(endpoint.address.port() != 0 && endpoint.dial_address().port() != 0);
    (void)endpoint.transport_header(SessionProtocol::http2);
  }
}

}  // namespace

// The first byte says which message the rest is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array kReaders{outbound, profile, inbound, endpoints};
  if (size > 0) kReaders[data[0] % kReaders.size()](data + 1, size - 1);
  return 0;
}
