#pragma once
// Family: all series of one metric on one thread.
//
// `series` finds or makes the series with given labels and hands out a Held to it: finding costs a
// hash, counting through a Held costs an addition. A series that nobody holds and that was not used
// for the retention time is forgotten by `sweep`. There are at most `most_series` of them: beyond
// that everything lands in one series, `overflow="true"`, and is counted.

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "meshkit/base/clock.h"
#include "meshkit/metrics/cells.h"
#include "meshkit/metrics/label_text.h"

namespace mesh::metrics {

template <class Cell>
struct Series {
  explicit Series(const Description& description) : cell(description) {}
  Cell cell;
  std::uint32_t holders = 0;
  bool was_held = true;  // since the last sweep
  TimePoint idle_since{};
};

// Keeps a series alive; belongs to the thread of its family, which outlives it.
template <class Cell>
class Held {
 public:
  Held() noexcept = default;
  explicit Held(Series<Cell>& series) noexcept : series_(&series) { ++series.holders; }
  Held(Held&& other) noexcept : series_(std::exchange(other.series_, nullptr)) {}
  Held(const Held& other) noexcept : series_(other.series_) {
    if (series_ != nullptr) ++series_->holders;
  }
  Held& operator=(Held other) noexcept {
    std::swap(series_, other.series_);
    return *this;
  }
  ~Held() {
    if (series_ == nullptr) return;
    --series_->holders;
    series_->was_held = true;
  }

  explicit operator bool() const noexcept { return series_ != nullptr; }
  Cell* operator->() const noexcept { return &series_->cell; }
  Cell& operator*() const noexcept { return series_->cell; }

 private:
  Series<Cell>* series_ = nullptr;
};

struct SeriesValues {
  std::string labels;
  Values values;
};

struct FamilyValues {
  const Description* description;
  Kind kind;
  std::vector<SeriesValues> series;
};

class AnyFamily {
 public:
  virtual ~AnyFamily() = default;
  virtual const Description& description() const noexcept = 0;
  virtual FamilyValues values() const = 0;
  virtual void sweep(TimePoint now, Nanoseconds retention) = 0;
  virtual std::uint64_t overflows() const noexcept = 0;
  virtual std::size_t size() const noexcept = 0;
};

template <class Cell>
class Family final : public AnyFamily {
 public:
  Family(const Description& description, std::size_t most_series)
      : description_(description), most_series_(most_series) {}
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;

  Held<Cell> series(const LabelText& labels) {
    if (const auto found = series_.find(labels.text()); found != series_.end()) {
      return Held<Cell>(*found->second);
    }
    if (series_.size() >= most_series_) {
      ++overflows_;
      return Held<Cell>(make(LabelText().add("overflow", "true").text()));
    }
    return Held<Cell>(make(labels.text()));
  }

  const Description& description() const noexcept override { return description_; }

  FamilyValues values() const override {
    FamilyValues all{&description_, Cell::kKind, {}};
    all.series.reserve(series_.size());
    for (const auto& [labels, series] : series_) {
      all.series.push_back({labels, series->cell.values()});
    }
    return all;
  }

  void sweep(TimePoint now, Nanoseconds retention) override {
    std::erase_if(series_, [&](const auto& entry) {
      Series<Cell>& series = *entry.second;
      if (series.was_held || series.holders > 0) series.idle_since = now;
      series.was_held = false;
      return series.holders == 0 && now - series.idle_since >= retention;
    });
  }

  std::uint64_t overflows() const noexcept override { return overflows_; }
  std::size_t size() const noexcept override { return series_.size(); }

 private:
  Series<Cell>& make(const std::string& labels) {
    auto& series = series_[labels];
    if (!series) series = std::make_unique<Series<Cell>>(description_);
    return *series;
  }

  const Description& description_;
  const std::size_t most_series_;
  std::unordered_map<std::string, std::unique_ptr<Series<Cell>>> series_;
  std::uint64_t overflows_ = 0;
};

}  // namespace mesh::metrics
