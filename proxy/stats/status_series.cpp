#include "proxy/stats/status_series.h"

#include "proxy/stats/labels.h"

namespace mesh::stats {
namespace {

using forward::Cause;

constexpr std::size_t kHeld = 16;  // statuses are the application's to choose

std::string_view reset_label(http::H2Code code) noexcept {
  switch (code) {
    case http::H2Code::cancel: return "CANCEL";
    case http::H2Code::refused_stream: return "REFUSED";
    case http::H2Code::enhance_your_calm: return "ENHANCE_YOUR_CALM";
    default: return "RESET";
  }
}

}  // namespace

std::string_view error_label(const forward::Outcome& outcome) noexcept {
  switch (outcome.cause) {
    case Cause::none: return outcome.status == 0 ? reset_label(outcome.reset_code) : "";
    case Cause::no_endpoints:
    case Cause::discovery_timeout: return "FAIL_FAST";
    case Cause::load_shed: return "LOAD_SHED";
    case Cause::request_timeout: return "REQUEST_TIMEOUT";
    case Cause::connect_refused:
    case Cause::connect_timeout:
    case Cause::connect_failed:
    case Cause::peer_silent:
    case Cause::response_lost:
    case Cause::app_refused:
    case Cause::app_timeout:
    case Cause::app_lost: return "IO";
    default: return "UNKNOWN";
  }
}

void StatusSeries::count(const forward::Outcome& outcome) {
  const std::uint64_t key = outcome.status | (std::uint64_t{outcome.grpc_status} << 16) |
                            (static_cast<std::uint64_t>(outcome.cause) << 24) |
                            (static_cast<std::uint64_t>(outcome.reset_code) << 32);
  for (One& one : held_) {
    if (one.key == key) return one.counter->add();
  }
  metrics::LabelText labels = labels_;
  if (form_.is_grpc) {
    const bool known = outcome.grpc_status != 0xff;
    labels.add(form_.names_kind ? "grpc_status" : "status",
               known ? grpc_name(outcome.grpc_status) : std::string_view());
  } else {
    labels.add(form_.names_kind ? "http_status" : "status",
               outcome.status == 0 ? "" : std::to_string(outcome.status));
  }
  if (form_.has_error) labels.add("error", error_label(outcome));
  One made{key, family_.series(labels)};
  made.counter->add();
  if (held_.size() < kHeld) held_.push_back(std::move(made));
}

}  // namespace mesh::stats
