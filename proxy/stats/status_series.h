#pragma once
// StatusSeries: one counter for each way in which requests of one kind ended, found when it first
// comes and held from then on.

#include <cstdint>
#include <string_view>
#include <vector>

#include "meshkit/metrics/registry.h"
#include "proxy/forward/outcome.h"

namespace mesh::stats {

class StatusSeries {
 public:
  // How the label of the status is called: "status" for both kinds where `name` is that, else
  // "http_status" and "grpc_status". With `has_error` an `error` label follows.
  struct Form {
    bool names_kind = false;
    bool has_error = false;
    bool is_grpc = false;
  };

  // `family` outlives it.
  StatusSeries(metrics::Family<metrics::Counter>& family, metrics::LabelText labels, Form form)
      : family_(family), labels_(std::move(labels)), form_(form) {}

  void count(const forward::Outcome& outcome);

 private:
  struct One {
    std::uint64_t key;
    metrics::Held<metrics::Counter> counter;
  };

  metrics::Family<metrics::Counter>& family_;
  const metrics::LabelText labels_;
  const Form form_;
  std::vector<One> held_;
};

// "FAIL_FAST", "RESET"; empty where nothing went wrong in the mesh.
std::string_view error_label(const forward::Outcome& outcome) noexcept;

}  // namespace mesh::stats
