#include "proxy/policy/resilience_from_api.h"

#include <google/protobuf/duration.pb.h>

#include <cmath>
#include <limits>

#include "proxy/policy/each.h"
#include "proxy/policy/values_from_api.h"

namespace mesh::policy {
namespace {

constexpr std::uint32_t kMostRequests = 1'000'000;
constexpr Nanoseconds kShortestWindow = std::chrono::milliseconds(10);

Parsed<balance::FailureAccrualConfig> consecutive_from(
    const pb::outbound::FailureAccrual::ConsecutiveFailures& message) {
  if (!message.has_backoff()) return violation("no backoff");
  return backoff_from(message.backoff()).map([&](const balance::BackoffRange& backoff) {
    balance::FailureAccrualConfig config;
    config.max_consecutive_failures = message.max_failures();
    config.backoff = backoff;
    return config;
  });
}

Parsed<balance::FailureAccrualConfig> unified_from(
    const pb::outbound::FailureAccrual::Unified& message) {
  balance::FailureAccrualConfig config;
  const double threshold = message.success_rate_threshold();
  if (!(threshold >= 0 && threshold <= 1)) return violation("success rate not within 0 and 1");
  config.success_rate_threshold = std::round(threshold * 1e4) / 1e4;
  if (message.has_decay()) {
    const auto decay = duration_from(message.decay());
    if (!decay) return violation_in("decay", decay.error());
    config.decay = *decay;
  }
  const bool uses_window = config.success_rate_threshold > 0;
  if (uses_window && config.decay < kShortestWindow) return violation("decay below 10 ms");
  if (message.min_requests() > kMostRequests) return violation("min_requests above a million");
  config.min_requests = message.min_requests();
  config.max_consecutive_failures = message.max_consecutive_failures();
  if (!message.has_backoff()) return violation("no backoff");
  const auto backoff = backoff_from(message.backoff());
  if (!backoff) return tl::unexpected(backoff.error());
  config.backoff = *backoff;
  return config;
}

// What the retries of HTTP and gRPC routes have in common.
template <class Message>
Parsed<Retry> shared_retry_from(const Message& message) {
  if (!message.has_conditions()) return violation("no conditions");
  Retry retry;
  retry.max_retries = message.max_retries();
  retry.max_request_bytes = message.max_request_bytes();
  if (message.has_timeout()) {
    const auto timeout = duration_from(message.timeout());
    if (!timeout) return violation_in("timeout", timeout.error());
    retry.attempt_timeout = *timeout;
  }
  if (message.has_backoff()) {
    const auto backoff = backoff_from(message.backoff());
    if (!backoff) return tl::unexpected(backoff.error());
    retry.backoff = *backoff;
  }
  return retry;
}

Parsed<StatusRange> range_from(
    const pb::outbound::HttpRoute::Retry::Conditions::StatusRange& message) {
  if (message.start() < 1 || message.start() > message.end() || message.end() > 599)
    return violation("not within 1 and 599");
  return StatusRange{static_cast<std::uint16_t>(message.start()),
                     static_cast<std::uint16_t>(message.end())};
}

// The numbers of gRPC's status codes.
std::uint32_t codes_from(const pb::outbound::GrpcRoute::Retry::Conditions& message) noexcept {
  std::uint32_t codes = 0;
  if (message.cancelled()) codes |= 1u << 1;
  if (message.deadine_exceeded()) codes |= 1u << 4;
  if (message.resource_exhausted()) codes |= 1u << 8;
  if (message.internal()) codes |= 1u << 13;
  if (message.unavailable()) codes |= 1u << 14;
  return codes;
}

Parsed<std::optional<Nanoseconds>> optional_duration(bool present,
                                                     const google::protobuf::Duration& message,
                                                     std::string_view what) {
  if (!present) return std::optional<Nanoseconds>();
  const auto duration = duration_from(message);
  if (!duration) return violation_in(what, duration.error());
  return std::optional(*duration);
}

}  // namespace

Parsed<balance::BackoffRange> backoff_from(const pb::outbound::ExponentialBackoff& message) {
  if (!message.has_min_backoff() || !message.has_max_backoff())
    return violation("backoff without its bounds");
  const auto min = duration_from(message.min_backoff());
  const auto max = duration_from(message.max_backoff());
  if (!min) return violation_in("backoff", min.error());
  if (!max) return violation_in("backoff", max.error());
  if (max->count() == 0) return violation("backoff of at most 0");
  if (*max < *min) return violation("backoff whose maximum is below its minimum");
  const double jitter = static_cast<double>(message.jitter_ratio());
  if (!(jitter >= 0 && jitter <= 100)) return violation("backoff jitter not within 0 and 100");
  return balance::BackoffRange{*min, *max, jitter};
}

Parsed<balance::FailureAccrualConfig> accrual_from(const pb::outbound::FailureAccrual& message) {
  using Kind = pb::outbound::FailureAccrual;
  switch (message.kind_case()) {
    case Kind::kConsecutiveFailures: return consecutive_from(message.consecutive_failures());
    case Kind::kUnified: return unified_from(message.unified());
    case Kind::KIND_NOT_SET: break;
  }
  return violation("no kind");
}

Parsed<Retry> retry_from(const pb::outbound::HttpRoute::Retry& message) {
  if (message.max_retries() > std::numeric_limits<std::uint16_t>::max())
    return violation("more than 65535 retries");
  auto retry = shared_retry_from(message);
  if (!retry) return retry;
  auto ranges = each<StatusRange>(message.conditions().status_ranges(), "status range", range_from);
  if (!ranges) return tl::unexpected(ranges.error());
  retry->http_statuses = std::move(*ranges);
  return retry;
}

Parsed<Retry> retry_from(const pb::outbound::GrpcRoute::Retry& message) {
  auto retry = shared_retry_from(message);
  if (retry) retry->grpc_codes = codes_from(message.conditions());
  return retry;
}

Parsed<Timeouts> timeouts_from(const pb::http_route::Timeouts& message,
                               const google::protobuf::Duration* legacy_request) {
  const bool is_legacy = !message.has_request() && legacy_request != nullptr;
  auto request =
      optional_duration(message.has_request() || is_legacy,
                        is_legacy ? *legacy_request : message.request(), "request timeout");
  if (!request) return tl::unexpected(request.error());
  auto response = optional_duration(message.has_response(), message.response(), "response timeout");
  if (!response) return tl::unexpected(response.error());
  auto idle = optional_duration(message.has_idle(), message.idle(), "idle timeout");
  if (!idle) return tl::unexpected(idle.error());
  return Timeouts{*request, *response, *idle};
}

}  // namespace mesh::policy
