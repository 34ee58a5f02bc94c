#pragma once
// ServerPolicy: what a workload lets in on one of its ports: how to read the bytes, which routes
// there are, and who may come in. One complete snapshot.
//
// A value that never changes once made; copies share nothing, so each worker may have its own. A
// message that breaks the contract becomes a policy of kind `invalid` that says why: nobody comes
// in on that port, and nothing else is affected.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "meshkit/base/clock.h"
#include "proxy/policy/authorization.h"
#include "proxy/policy/filter.h"
#include "proxy/policy/host_pattern.h"
#include "proxy/policy/meta.h"
#include "proxy/policy/request_match.h"

namespace mesh::policy {

template <class MatchType>
struct InboundRule {
  using Match = MatchType;

  std::vector<Match> matches;  // never empty
  Filters filters;
};

template <class MatchType>
struct InboundRoute {
  using Rule = InboundRule<MatchType>;

  Meta meta;
  std::vector<HostPattern> hosts;             // empty: any
  std::vector<Authorization> authorizations;  // before those of the port
  std::vector<Rule> rules;
};

using InboundHttpRoute = InboundRoute<HttpMatch>;
using InboundGrpcRoute = InboundRoute<GrpcMatch>;

// Requests per second; a limit of nothing is no limit and is not here.
struct RateLimit {
  struct Override {
    std::uint32_t limit = 0;
    std::vector<std::string> identities;  // share the one limit
  };

  Meta meta;
  std::optional<std::uint32_t> total;
  std::optional<std::uint32_t> per_identity;
  std::vector<Override> overrides;  // instead of per_identity
};

struct ServerPolicy {
  enum class Kind : std::uint8_t {
    detect,   // end our own TLS, then look at the bytes
    opaque,   // bytes from the first one; not even TLS is ended
    tls,      // end our own TLS, everything inside is bytes
    http1,    // end our own TLS; HTTP/1, or what a proxy makes of it
    http2,    // end our own TLS; HTTP/2
    grpc,     // end our own TLS; HTTP/2, routed by `grpc_routes`
    invalid,  // nobody comes in; see `reason`
  };

  Kind kind = Kind::invalid;
  Meta meta;           // of the server
  std::string reason;  // of an invalid policy, for logs and error headers
  Nanoseconds detect_timeout{0};
  std::vector<Authorization> authorizations;
  std::vector<InboundHttpRoute> http_routes;  // of detect, http1 and http2; never empty there
  std::vector<InboundGrpcRoute> grpc_routes;  // of grpc; never empty there
  std::optional<RateLimit> rate_limit;        // of detect, http1 and http2

  // Whether connections that arrive with a transport header and no session protocol may go on.
  bool carries_bytes() const noexcept {
    return kind == Kind::detect || kind == Kind::opaque || kind == Kind::tls;
  }

  static ServerPolicy invalid(std::string reason) {
    ServerPolicy policy;
    policy.reason = std::move(reason);
    return policy;
  }
};

// Whether a connection may be forwarded, as bytes.
inline Verdict authorize_connection(const ServerPolicy& policy, const Client& client) noexcept {
  if (policy.kind == ServerPolicy::Kind::invalid) return Verdict{Denial::invalid_policy, nullptr};
  return authorize({}, policy.authorizations, client);
}

// Whether a request on `route`, which is one of the policy's, may be forwarded.
template <class Route>
Verdict authorize_request(const ServerPolicy& policy, const Route& route,
                          const Client& client) noexcept {
  if (policy.kind == ServerPolicy::Kind::invalid) return Verdict{Denial::invalid_policy, nullptr};
  return authorize(route.authorizations, policy.authorizations, client);
}

// The routes that a port has when nobody configured any: everything, named "default".
std::vector<InboundHttpRoute> default_http_routes();
std::vector<InboundGrpcRoute> default_grpc_routes();

}  // namespace mesh::policy
