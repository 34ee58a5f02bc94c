#pragma once
// QueryPattern: what a route says about a query parameter. Any occurrence may match.
//
// Queries are form-encoded ("a=b%20c&d=e+f"): names and values are decoded before they are
// compared. Decoding uses a buffer on the stack; only an encoded part longer than that allocates.

#include <string>
#include <string_view>

#include "proxy/policy/value_pattern.h"

namespace mesh::policy {

class QueryPattern {
 public:
  QueryPattern(std::string name, ValuePattern value)
      : name_(std::move(name)), value_(std::move(value)) {}

  // `query` is what follows the question mark.
  bool matches(std::string_view query) const;

 private:
  std::string name_;
  ValuePattern value_;
};

}  // namespace mesh::policy
