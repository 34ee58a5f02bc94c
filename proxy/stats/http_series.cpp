#include "proxy/stats/http_series.h"

#include <array>

#include "proxy/forward/classify.h"

namespace mesh::stats {
namespace {

using metrics::Description;

constexpr std::array<double, 25> kLatencyMs = {
    1,   2,   3,    4,    5,    10,   20,   30,    40,    50,    100,   200,  300,
    400, 500, 1000, 2000, 3000, 4000, 5000, 10000, 20000, 30000, 40000, 50000};

const Description kRequests = {"request_total", "Requests."};
const Description kResponses = {"response_total", "Responses, and requests that got none."};
const Description kLatency = {"response_latency_ms",
                              "Milliseconds from a request to the first byte of its response.",
                              kLatencyMs};

constexpr std::uint8_t kNoGrpcStatus = 0xff;

// What tells endings apart, in one number.
std::uint64_t key_of(const forward::Outcome& outcome, bool answered) {
  const std::uint64_t cause = answered ? 0 : static_cast<std::uint64_t>(outcome.cause) + 1;
  return outcome.status | (std::uint64_t{outcome.grpc_status} << 16) |
         (std::uint64_t{outcome.is_grpc} << 24) | (cause << 32) |
         (answered ? 0 : static_cast<std::uint64_t>(outcome.reset_code) << 40);
}

bool is_failure(const forward::Outcome& outcome) {
  if (!outcome.is_grpc) {
    return forward::classify_http(outcome.status) == balance::ResponseClass::failure;
  }
  const bool has_status = outcome.grpc_status != kNoGrpcStatus;
  return forward::classify_grpc(outcome.status,
                                has_status ? std::optional(outcome.grpc_status) : std::nullopt) ==
         balance::ResponseClass::failure;
}

// Why there was no response, in the words that the error metrics have.
const char* error_of(const forward::Outcome& outcome) {
  if (outcome.cause != forward::Cause::none) return forward::reply_for(outcome.cause).code;
  return outcome.reset_code == http::H2Code::cancel ? "canceled" : "reset";
}

}  // namespace

HttpFamilies::HttpFamilies(metrics::Registry& registry)
    : requests(registry.counter(kRequests)),
      responses(registry.counter(kResponses)),
      latency(registry.histogram(kLatency)) {}

HttpSeries::HttpSeries(HttpFamilies& families, metrics::LabelText labels)
    : families_(families),
      labels_(std::move(labels)),
      requests_(families.requests.series(labels_)) {}

HttpSeries::Ending HttpSeries::ending(const forward::Outcome& outcome, std::uint64_t key) const {
  metrics::LabelText labels = labels_;
  const bool answered = outcome.status != 0;
  if (answered) labels.add("status_code", std::uint64_t{outcome.status});
  const metrics::LabelText latency = labels;
  labels.add("classification", answered && !is_failure(outcome) ? "success" : "failure");
  if (outcome.is_grpc && outcome.grpc_status != kNoGrpcStatus) {
    labels.add("grpc_status", std::uint64_t{outcome.grpc_status});
  }
  if (!answered) labels.add("error", error_of(outcome));
  return {key, families_.responses.series(labels),
          answered ? families_.latency.series(latency) : metrics::Held<metrics::Histogram>()};
}

void HttpSeries::on_response(const forward::Outcome& outcome, Nanoseconds latency) {
  const std::uint64_t key = key_of(outcome, outcome.status != 0);
  const auto count = [latency](Ending& one) {
    one.responses->add();
    if (!one.latency || latency.count() == 0) return;
    one.latency->observe(std::chrono::duration<double, std::milli>(latency).count());
  };
  for (Ending& one : endings_) {
    if (one.key == key) return count(one);
  }
  Ending made = ending(outcome, key);
  count(made);
  if (endings_.size() < kStatuses) endings_.push_back(std::move(made));
}

}  // namespace mesh::stats
