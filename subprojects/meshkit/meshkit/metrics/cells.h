#pragma once
// The cells that series are made of: plain numbers, changed on one thread only, copied into Values
// when somebody asks.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace mesh::metrics {

enum class Kind : std::uint8_t { counter, gauge, histogram };

// What a family is; static, the same object on all threads.
struct Description {
  const char* name;
  const char* help;
  std::span<const double> buckets = {};  // of histograms: upper bounds, ascending, without infinity
};

// A copy of one cell's numbers; what is not of its kind stays empty.
struct Values {
  std::uint64_t count = 0;             // counter
  double number = 0;                   // gauge; of histograms the sum
  std::vector<std::uint64_t> buckets;  // of histograms: not cumulative; the last one is infinity's

  void merge(const Values& other);
};

class Counter {
 public:
  static constexpr Kind kKind = Kind::counter;
  explicit Counter(const Description&) noexcept {}

  void add(std::uint64_t more = 1) noexcept { value_ += more; }
  std::uint64_t value() const noexcept { return value_; }
  Values values() const { return {.count = value_, .number = 0, .buckets = {}}; }

 private:
  std::uint64_t value_ = 0;
};

class Gauge {
 public:
  static constexpr Kind kKind = Kind::gauge;
  explicit Gauge(const Description&) noexcept {}

  void set(double value) noexcept { value_ = value; }
  void add(double more) noexcept { value_ += more; }
  double value() const noexcept { return value_; }
  Values values() const { return {.count = 0, .number = value_, .buckets = {}}; }

 private:
  double value_ = 0;
};

class Histogram {
 public:
  static constexpr Kind kKind = Kind::histogram;
  explicit Histogram(const Description& description)
      : bounds_(description.buckets), counts_(bounds_.size() + 1) {}

  void observe(double value) noexcept {
    const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value);
    ++counts_[static_cast<std::size_t>(at - bounds_.begin())];
    sum_ += value;
  }
  Values values() const { return {.count = 0, .number = sum_, .buckets = counts_}; }

 private:
  std::span<const double> bounds_;
  std::vector<std::uint64_t> counts_;
  double sum_ = 0;
};

}  // namespace mesh::metrics
