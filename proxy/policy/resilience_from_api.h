#pragma once
// Back-off, circuit breakers, retries and timeouts of outbound routes out of the messages.

#include <optional>

#include "meshkit/api/http_route.pb.h"
#include "meshkit/api/outbound.pb.h"
#include "proxy/balance/failure_accrual.h"
#include "proxy/policy/outbound_route.h"
#include "proxy/policy/parsed.h"

namespace mesh::policy {

namespace pb = io::linkerd::proxy;

Parsed<balance::BackoffRange> backoff_from(const pb::outbound::ExponentialBackoff& message);

// What of the message is not looked at: `ejection` and `respect_retry_after_hint`.
Parsed<balance::FailureAccrualConfig> accrual_from(const pb::outbound::FailureAccrual& message);

Parsed<Retry> retry_from(const pb::outbound::HttpRoute::Retry& message);
Parsed<Retry> retry_from(const pb::outbound::GrpcRoute::Retry& message);

// `legacy_request` stands in for an absent request timeout; null when it is absent too.
Parsed<Timeouts> timeouts_from(const pb::http_route::Timeouts& message,
                               const google::protobuf::Duration* legacy_request);

}  // namespace mesh::policy
