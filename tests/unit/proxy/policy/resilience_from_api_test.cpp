#include "proxy/policy/resilience_from_api.h"

#include <doctest/doctest.h>

#include <limits>

#include "tests/unit/proxy/policy/messages.h"

using namespace mesh;
using namespace mesh::policy;
using namespace mesh::policy::test;

namespace {

using pb::outbound::ExponentialBackoff;
using pb::outbound::FailureAccrual;

ExponentialBackoff backoff(std::int64_t min, std::int64_t max, float jitter) {
  ExponentialBackoff message;
  set_ms(*message.mutable_min_backoff(), min);
  set_ms(*message.mutable_max_backoff(), max);
  message.set_jitter_ratio(jitter);
  return message;
}

FailureAccrual unified(double threshold) {
  FailureAccrual message;
  message.mutable_unified()->set_success_rate_threshold(threshold);
  set_backoff(*message.mutable_unified()->mutable_backoff());
  return message;
}

pb::outbound::HttpRoute::Retry http_retry(std::uint32_t start, std::uint32_t end) {
  pb::outbound::HttpRoute::Retry message;
  auto& range = *message.mutable_conditions()->add_status_ranges();
  range.set_start(start);
  range.set_end(end);
  return message;
}

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_SUITE("policy/resilience_from_api") {
  TEST_CASE("reads a backoff") {
    const auto range = backoff_from(backoff(100, 60'000, 0.5f));

    REQUIRE(range.has_value());
    CHECK(range->min == std::chrono::milliseconds(100));
    CHECK(range->max == std::chrono::seconds(60));
    CHECK(range->jitter == doctest::Approx(0.5));
  }

  TEST_CASE("refuses backoffs that make no sense") {
    CHECK_FALSE(backoff_from(backoff(0, 0, 0)).has_value());
    CHECK_FALSE(backoff_from(backoff(200, 100, 0)).has_value());
    CHECK_FALSE(backoff_from(backoff(-1, 100, 0)).has_value());
    CHECK_FALSE(backoff_from(backoff(0, -1, 0)).has_value());
    CHECK_FALSE(backoff_from(backoff(1, 2, -0.1f)).has_value());
    CHECK_FALSE(backoff_from(backoff(1, 2, 100.5f)).has_value());
    CHECK_FALSE(backoff_from(backoff(1, 2, kNaN)).has_value());
    CHECK(backoff_from(backoff(0, 1, 100)).has_value());

    auto message = backoff(1, 2, 0);
    message.clear_min_backoff();
    CHECK_FALSE(backoff_from(message).has_value());
    message = backoff(1, 2, 0);
    message.clear_max_backoff();
    CHECK_FALSE(backoff_from(message).has_value());
  }

  TEST_CASE("reads a breaker of consecutive failures; none of them never trips") {
    FailureAccrual message;
    message.mutable_consecutive_failures()->set_max_failures(7);
    CHECK_FALSE(accrual_from(message).has_value());
    set_backoff(*message.mutable_consecutive_failures()->mutable_backoff());

    CHECK(accrual_from(message)->max_consecutive_failures == 7);
    CHECK(accrual_from(message)->is_enabled());
    message.mutable_consecutive_failures()->set_max_failures(0);
    CHECK_FALSE(accrual_from(message)->is_enabled());
  }

  TEST_CASE("reads a unified breaker, its threshold to four digits") {
    auto message = unified(0.91234567);
    message.mutable_unified()->set_min_requests(20);
    message.mutable_unified()->set_max_consecutive_failures(5);
    const auto config = accrual_from(message);

    REQUIRE(config.has_value());
    CHECK(config->success_rate_threshold == doctest::Approx(0.9123).epsilon(1e-9));
    CHECK(config->min_requests == 20);
    CHECK(config->max_consecutive_failures == 5);
    CHECK(config->decay == std::chrono::seconds(10));
    CHECK(config->backoff.max == std::chrono::seconds(10));
  }

  TEST_CASE("refuses a unified breaker out of bounds") {
    CHECK_FALSE(accrual_from(unified(1.1)).has_value());
    CHECK_FALSE(accrual_from(unified(-0.1)).has_value());
    CHECK_FALSE(accrual_from(unified(static_cast<double>(kNaN))).has_value());

    auto message = unified(0.5);
    message.mutable_unified()->set_min_requests(1'000'001);
    CHECK_FALSE(accrual_from(message).has_value());

    message = unified(0.5);
    message.mutable_unified()->clear_backoff();
    CHECK_FALSE(accrual_from(message).has_value());

    message = unified(0.5);
    set_ms(*message.mutable_unified()->mutable_decay(), 9);
    CHECK_FALSE(accrual_from(message).has_value());
    message.mutable_unified()->set_success_rate_threshold(0);
    CHECK(accrual_from(message).has_value());
  }

  TEST_CASE("a breaker of no kind is refused") {
    CHECK_FALSE(accrual_from(FailureAccrual()).has_value());
  }

  TEST_CASE("reads the retries of HTTP routes") {
    auto message = http_retry(500, 503);
    message.set_max_retries(3);
    message.set_max_request_bytes(1024);
    set_ms(*message.mutable_timeout(), 250);
    set_backoff(*message.mutable_backoff());
    const auto retry = retry_from(message);

    REQUIRE(retry.has_value());
    CHECK(retry->max_retries == 3);
    CHECK(retry->max_request_bytes == 1024);
    CHECK(retry->attempt_timeout == std::chrono::milliseconds(250));
    CHECK(retry->backoff.has_value());
    REQUIRE(retry->http_statuses.size() == 1);
    CHECK(retry->http_statuses[0].first == 500);
    CHECK(retry->http_statuses[0].last == 503);
  }

  TEST_CASE("refuses retries of HTTP routes out of bounds") {
    CHECK_FALSE(retry_from(http_retry(0, 503)).has_value());
    CHECK_FALSE(retry_from(http_retry(503, 500)).has_value());
    CHECK_FALSE(retry_from(http_retry(500, 600)).has_value());
    CHECK(retry_from(http_retry(1, 599)).has_value());

    auto message = http_retry(500, 500);
    message.set_max_retries(65'536);
    CHECK_FALSE(retry_from(message).has_value());
    message = http_retry(500, 500);
    message.clear_conditions();
    CHECK_FALSE(retry_from(message).has_value());
    message = http_retry(500, 500);
    message.mutable_timeout()->set_seconds(-1);
    CHECK_FALSE(retry_from(message).has_value());
    message = http_retry(500, 500);
    message.mutable_backoff();
    CHECK_FALSE(retry_from(message).has_value());
  }

  TEST_CASE("conditions may be empty") {
    pb::outbound::HttpRoute::Retry message;
    message.mutable_conditions();

    CHECK(retry_from(message)->http_statuses.empty());
  }

  TEST_CASE("the conditions of gRPC routes become the bits of their codes") {
    pb::outbound::GrpcRoute::Retry message;
    CHECK_FALSE(retry_from(message).has_value());
    auto& conditions = *message.mutable_conditions();
    CHECK(retry_from(message)->grpc_codes == 0);
    conditions.set_cancelled(true);
    conditions.set_deadine_exceeded(true);
    CHECK(retry_from(message)->grpc_codes == (1u << 1 | 1u << 4));
    conditions.set_resource_exhausted(true);
    conditions.set_internal(true);
    conditions.set_unavailable(true);
    CHECK(retry_from(message)->grpc_codes == (1u << 1 | 1u << 4 | 1u << 8 | 1u << 13 | 1u << 14));
  }

  TEST_CASE("an absent timeout is none, zero is zero") {
    pb::http_route::Timeouts message;
    CHECK_FALSE(timeouts_from(message, nullptr)->request.has_value());
    message.mutable_request();
    set_ms(*message.mutable_idle(), 5);
    const auto timeouts = timeouts_from(message, nullptr);
    CHECK(timeouts->request == Nanoseconds(0));
    CHECK(timeouts->idle == std::chrono::milliseconds(5));
    CHECK_FALSE(timeouts->response.has_value());
  }

  TEST_CASE("the older request timeout counts where the newer is absent") {
    google::protobuf::Duration legacy;
    set_ms(legacy, 7);
    pb::http_route::Timeouts message;
    CHECK(timeouts_from(message, &legacy)->request == std::chrono::milliseconds(7));
    set_ms(*message.mutable_request(), 3);
    CHECK(timeouts_from(message, &legacy)->request == std::chrono::milliseconds(3));
  }

  TEST_CASE("negative timeouts are refused") {
    for (int i = 0; i < 3; ++i) {
      pb::http_route::Timeouts message;
      auto* duration = i == 0   ? message.mutable_request()
                       : i == 1 ? message.mutable_response()
                                : message.mutable_idle();
      duration->set_nanos(-1);
      CHECK_FALSE(timeouts_from(message, nullptr).has_value());
    }
  }
}
