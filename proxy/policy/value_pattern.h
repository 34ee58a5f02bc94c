#pragma once
// ValuePattern: what a route says about a text: that it is equal to another, or that a regex covers
// the whole of it.

#include <string>
#include <string_view>
#include <variant>

#include "proxy/policy/regex.h"

namespace mesh::policy {

class ValuePattern {
 public:
  explicit ValuePattern(std::string exact) : kind_(std::move(exact)) {}
  explicit ValuePattern(Regex regex) : kind_(std::move(regex)) {}

  bool is_regex() const noexcept { return std::holds_alternative<Regex>(kind_); }
  bool matches(std::string_view text) const {
    if (const auto* regex = std::get_if<Regex>(&kind_)) return regex->matches(text);
    return text == std::get<std::string>(kind_);
  }

 private:
  std::variant<std::string, Regex> kind_;
};

}  // namespace mesh::policy
