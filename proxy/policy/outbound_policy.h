#pragma once
// OutboundPolicy: how everything that leaves for one target is treated. One complete snapshot.
//
// A value that never changes once made; copies share nothing, so each worker may have its own. A
// message that breaks the contract becomes a policy of kind `invalid` that says why: its
// connections and requests fail, and nothing else does.

#include <optional>
#include <string>
#include <vector>

#include "meshkit/base/clock.h"
#include "proxy/balance/failure_accrual.h"
#include "proxy/policy/backend.h"
#include "proxy/policy/meta.h"
#include "proxy/policy/outbound_route.h"

namespace mesh::policy {

// Routes for one version of HTTP. Without any, every request fails for want of a route.
template <class Route>
struct Routes {
  std::vector<Route> routes;
  balance::FailureAccrualConfig accrual;
};

struct OutboundPolicy {
  enum class Kind : std::uint8_t {
    detect,   // look at the bytes, then `http1`, `http2` or `opaque`
    opaque,   // bytes; whoever speaks first
    http1,    // without looking
    http2,    // without looking
    grpc,     // HTTP/2 without looking, routed by `grpc`
    tls,      // the application's own TLS, routed by server name, which is required
    invalid,  // everything fails; see `reason`
  };

  Kind kind = Kind::invalid;
  Meta meta;           // of the parent: a Service, an egress network
  std::string reason;  // of an invalid policy, for logs and error headers
  Nanoseconds detect_timeout{0};

  // What the kind does not use is empty.
  Routes<HttpRoute> http1;
  Routes<HttpRoute> http2;
  Routes<GrpcRoute> grpc;
  std::optional<OpaqueRoute> opaque;  // none: connections fail for want of a route
  std::vector<TlsRoute> tls;

  BackendTable backends;

  static OutboundPolicy invalid(std::string reason, Meta meta = {}) {
    OutboundPolicy policy;
    policy.meta = std::move(meta);
    policy.reason = std::move(reason);
    return policy;
  }
};

}  // namespace mesh::policy
