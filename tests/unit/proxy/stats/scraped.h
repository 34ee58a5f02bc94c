#pragma once
// What a scrape of one registry says.

#include <string>
#include <vector>

#include "meshkit/metrics/registry.h"
#include "meshkit/metrics/render.h"

namespace mesh::test {

inline std::string text_of(std::vector<metrics::FamilyValues> values) {
  std::vector<std::vector<metrics::FamilyValues>> threads;
  threads.push_back(std::move(values));
  return metrics::rendered(metrics::merged(std::move(threads)));
}

inline std::string scraped(metrics::Registry& registry) { return text_of(registry.values({})); }

// Whether `line` is a whole line of `text`.
inline bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace mesh::test
