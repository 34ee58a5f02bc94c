#include "proxy/policy/labels.h"

#include <algorithm>

namespace mesh::policy {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_name_byte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

std::string clean_name(std::string_view name) {
  std::string clean(name.substr(0, Labels::kMaxName));
  for (char& c : clean)
    if (!is_name_byte(c)) c = '_';
  if (is_digit(clean.front())) clean.front() = '_';
  return clean;
}

std::string clean_value(std::string_view value) {
  std::string clean(value.substr(0, Labels::kMaxValue));
  for (char& c : clean)
    if (c < 0x20 || c >= 0x7f) c = '_';
  return clean;
}

auto position(auto& labels, std::string_view name) noexcept {
  return std::lower_bound(labels.begin(), labels.end(), name,
                          [](const Label& label, std::string_view n) { return label.name < n; });
}

}  // namespace

void Labels::set(std::string_view name, std::string_view value) {
  if (name.empty()) return;
  std::string clean = clean_name(name);
  const auto at = position(labels_, clean);
  if (at != labels_.end() && at->name == clean) {
    at->value = clean_value(value);
  } else if (labels_.size() < kMaxCount) {
    labels_.insert(at, Label{std::move(clean), clean_value(value)});
  }
}

std::string_view Labels::value(std::string_view name) const noexcept {
  const auto at = position(labels_, name);
  return at != labels_.end() && at->name == name ? std::string_view(at->value) : std::string_view();
}

}  // namespace mesh::policy
