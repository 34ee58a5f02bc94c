#include "proxy/policy/field_pattern.h"

#include <algorithm>

namespace mesh::policy {
namespace {

bool is_plain_text(std::string_view value) noexcept {
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\t'; });
}

}  // namespace

bool FieldPattern::matches(const FieldSource& fields) const {
  for (std::size_t nth = 0;; ++nth) {
    const auto value = fields.find(name_, nth);
    if (!value) return false;
    if (matches_value(*value)) return true;
  }
}

bool FieldPattern::matches_value(std::string_view value) const {
  if (value_.is_regex() && !is_plain_text(value)) return false;
  return value_.matches(value);
}

}  // namespace mesh::policy
