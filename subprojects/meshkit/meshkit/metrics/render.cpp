#include "meshkit/metrics/render.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

namespace mesh::metrics {
namespace {

constexpr std::uint64_t kExact = (std::uint64_t{1} << 53) - 1;

void append(std::string& out, std::uint64_t number) { out.append(std::to_string(number)); }

void append(std::string& out, double number) {
  if (std::abs(number) <= static_cast<double>(kExact) && std::trunc(number) == number) {
    out.append(std::to_string(static_cast<std::int64_t>(number)));
    return;
  }
  if (!std::isfinite(number)) {
    out.append(std::isnan(number) ? "NaN" : number > 0 ? "+Inf" : "-Inf");
    return;
  }
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

// name{labels} up to the number.
void append_series(std::string& out, std::string_view name, std::string_view suffix,
                   std::string_view labels) {
  out.append(name).append(suffix);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.push_back(' ');
}

void append_histogram(std::string& out, const Description& description,
                      const SeriesValues& series) {
  const std::string prefix = series.labels.empty() ? "" : series.labels + ",";
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < series.values.buckets.size(); ++i) {
    cumulative += series.values.buckets[i];
    std::string labels = prefix + "le=\"";
    if (i < description.buckets.size()) {
      append(labels, description.buckets[i]);
    } else {
      labels.append("+Inf");
    }
    append_series(out, description.name, "_bucket", labels + "\"");
    append(out, cumulative & kExact);
    out.push_back('\n');
  }
  append_series(out, description.name, "_sum", series.labels);
  append(out, series.values.number);
  out.push_back('\n');
  append_series(out, description.name, "_count", series.labels);
  append(out, cumulative & kExact);
  out.push_back('\n');
}

// What is set and not added up here may still be a total: of the kernel, or of another class.
std::string_view word_of(Kind kind, std::string_view name) {
  if (kind == Kind::gauge && name.ends_with("_total")) return "counter";
  switch (kind) {
    case Kind::counter: return "counter";
    case Kind::gauge: return "gauge";
    case Kind::histogram: return "histogram";
  }
  return "untyped";
}

void append_family(std::string& out, const FamilyValues& family) {
  const Description& description = *family.description;
  out.append("# HELP ").append(description.name).append(" ").append(description.help);
  out.append("\n# TYPE ")
      .append(description.name)
      .append(" ")
      .append(word_of(family.kind, description.name));
  out.push_back('\n');
  for (const SeriesValues& series : family.series) {
    if (family.kind == Kind::histogram) {
      append_histogram(out, description, series);
      continue;
    }
    append_series(out, description.name, "", series.labels);
    if (family.kind == Kind::counter) {
      append(out, series.values.count & kExact);
    } else {
      append(out, series.values.number);
    }
    out.push_back('\n');
  }
}

}  // namespace

std::vector<FamilyValues> merged(std::vector<std::vector<FamilyValues>> threads) {
  struct Sum {
    Kind kind = Kind::counter;
    std::map<std::string, Values> series;
  };
  std::map<const Description*, Sum> sums;
  for (auto& families : threads) {
    for (FamilyValues& family : families) {
      Sum& sum = sums[family.description];
      sum.kind = family.kind;
      for (SeriesValues& series : family.series) {
        sum.series[std::move(series.labels)].merge(series.values);
      }
    }
  }
  std::vector<FamilyValues> all;
  for (auto& [description, sum] : sums) {
    FamilyValues family{description, sum.kind, {}};
    for (auto& [labels, values] : sum.series) family.series.push_back({labels, std::move(values)});
    all.push_back(std::move(family));
  }
  std::sort(all.begin(), all.end(), [](const FamilyValues& a, const FamilyValues& b) {
    return std::string_view(a.description->name) < b.description->name;
  });
  return all;
}

std::string rendered(std::span<const FamilyValues> families) {
  std::string out;
  for (const FamilyValues& family : families) {
    if (!family.series.empty()) append_family(out, family);
  }
  return out + "# EOF\n";
}

}  // namespace mesh::metrics
