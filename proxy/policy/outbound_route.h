#pragma once
// OutboundRoute: which requests or connections of a destination go where, and under which rules.
//
// HTTP and gRPC routes have rules of alternatives (request_match.h); an opaque route is one rule; a
// TLS route is one rule for a set of server names. Backends are indices into the table of the
// policy that owns the route (backend.h).

#include <cstdint>
#include <optional>
#include <vector>

#include "meshkit/base/clock.h"
#include "proxy/balance/availability.h"
#include "proxy/policy/backend.h"
#include "proxy/policy/filter.h"
#include "proxy/policy/host_pattern.h"
#include "proxy/policy/meta.h"
#include "proxy/policy/request_match.h"

namespace mesh::policy {

struct BackendChoice {
  BackendTable::Index backend = 0;
  std::uint32_t weight = 1;  // 0 is never drawn; only in distributions by weight
  Filters filters;           // after those of the rule, when this backend is chosen
};

struct Distribution {
  enum class Kind : std::uint8_t {
    empty,   // no backend: there never is one that is ready
    first,   // the first that is ready
    random,  // of those that are ready one drawn by weight
  };
  Kind kind = Kind::empty;
  std::vector<BackendChoice> choices;
  std::uint32_t total_weight = 0;  // of random; not 0
};

// What is absent is unlimited; zero is over at once.
struct Timeouts {
  std::optional<Nanoseconds> request;   // from the start of the request to the end of the stream
  std::optional<Nanoseconds> response;  // from the end of the request to the end of the response
  std::optional<Nanoseconds> idle;      // between two frames of either direction
};

struct StatusRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;  // inclusive
};

struct Retry {
  std::uint32_t max_retries = 0;
  std::uint32_t max_request_bytes = 0;  // 0: only requests without a body
  std::vector<StatusRange> http_statuses;
  std::uint32_t grpc_codes = 0;                  // bit n is code n
  std::optional<Nanoseconds> attempt_timeout;    // until the response's head
  std::optional<balance::BackoffRange> backoff;  // none: at once
};

template <class MatchType>
struct OutboundRule {
  using Match = MatchType;

  std::vector<Match> matches;  // never empty
  Filters filters;
  Distribution distribution;
  Timeouts timeouts;
  std::optional<Retry> retry;
  bool obeys_request_headers = false;  // l5d-timeout, l5d-retry-* and their like
};

template <class MatchType>
struct OutboundRoute {
  using Rule = OutboundRule<MatchType>;

  Meta meta;
  std::vector<HostPattern> hosts;  // empty: any
  std::vector<Rule> rules;
};

using HttpRoute = OutboundRoute<HttpMatch>;
using GrpcRoute = OutboundRoute<GrpcMatch>;

struct OpaqueRoute {
  Meta meta;
  Filters filters;  // only the first counts
  Distribution distribution;
};

struct TlsRoute {
  Meta meta;
  std::vector<HostPattern> snis;  // empty: any
  Filters filters;                // only the first counts
  Distribution distribution;
};

}  // namespace mesh::policy
