#include "meshkit/metrics/registry.h"

namespace mesh::metrics {
namespace {

const Description kOverflows = {
    "mesh_metrics_overflow_total",
    "Times that a metric had too many series, and one was counted with others"};

}  // namespace

void Values::merge(const Values& other) {
  count += other.count;
  number += other.number;
  if (buckets.size() < other.buckets.size()) buckets.resize(other.buckets.size());
  for (std::size_t i = 0; i < other.buckets.size(); ++i) buckets[i] += other.buckets[i];
}

std::vector<FamilyValues> Registry::values(TimePoint now) {
  collectors_.for_each([](Collector& collector) { collector.collect(); });
  std::vector<FamilyValues> all;
  FamilyValues overflows{&kOverflows, Kind::counter, {}};
  for (const auto& family : families_) {
    family->sweep(now, settings_.retention);
    all.push_back(family->values());
    if (family->overflows() == 0) continue;
    const LabelText labels = LabelText().add("metric", family->description().name);
    overflows.series.push_back({labels.text(), {family->overflows(), 0, {}}});
  }
  all.push_back(std::move(overflows));
  return all;
}

}  // namespace mesh::metrics
