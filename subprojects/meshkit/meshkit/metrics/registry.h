#pragma once
// Registry: the metrics of one thread.
//
// Every thread counts in a Registry of its own, without locks. A scrape asks each thread for its
// `values` (on that thread, by mailbox), then render.h adds up what they told. Collectors bring
// what is not counted as it happens up to date first.

#include <memory>
#include <vector>

#include "meshkit/base/clock.h"
#include "meshkit/base/intrusive_list.h"
#include "meshkit/metrics/family.h"

namespace mesh::metrics {

struct CollectorTag {};
// Told before values are copied. Leaves by being destroyed.
class Collector : public ListLink<CollectorTag> {
 public:
  virtual void collect() = 0;

 protected:
  ~Collector() = default;
};

struct RegistrySettings {
  std::size_t most_series = 2000;  // of one family
  Nanoseconds retention = std::chrono::minutes(10);
};

class Registry {
 public:
  explicit Registry(const RegistrySettings& settings) : settings_(settings) {}
  Registry(const Registry&) = delete;

  // `description` is static; once for each.
  Family<Counter>& counter(const Description& description) { return add<Counter>(description); }
  Family<Gauge>& gauge(const Description& description) { return add<Gauge>(description); }
  Family<Histogram>& histogram(const Description& description) {
    return add<Histogram>(description);
  }

  void add(Collector& collector) { collectors_.push_back(collector); }

  // Forgets idle series, then copies all numbers.
  std::vector<FamilyValues> values(TimePoint now);

 private:
  template <class Cell>
  Family<Cell>& add(const Description& description) {
    auto family = std::make_unique<Family<Cell>>(description, settings_.most_series);
    Family<Cell>& added = *family;
    families_.push_back(std::move(family));
    return added;
  }

  const RegistrySettings settings_;
  std::vector<std::unique_ptr<AnyFamily>> families_;
  IntrusiveList<Collector, CollectorTag> collectors_;
};

}  // namespace mesh::metrics
