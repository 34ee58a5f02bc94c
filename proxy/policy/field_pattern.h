#pragma once
// FieldPattern: what a route says about a header field. Any one of the repeated values may match;
// a regex only looks at values of visible ASCII.

#include <string>
#include <string_view>

#include "proxy/policy/request_view.h"
#include "proxy/policy/value_pattern.h"

namespace mesh::policy {

class FieldPattern {
 public:
  // `name` in lower case.
  FieldPattern(std::string name, ValuePattern value)
      : name_(std::move(name)), value_(std::move(value)) {}

  bool matches(const FieldSource& fields) const;

 private:
  bool matches_value(std::string_view value) const;

  std::string name_;
  ValuePattern value_;
};

}  // namespace mesh::policy
