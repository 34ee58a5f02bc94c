#pragma once
// Filter: something a route does to a message or a connection before, or instead of, forwarding it.
//
// Values only, validated when they were read: names are lower-case tokens, statuses and ratios are
// in range. Filters run in the order of their list, a rule's before those of the chosen backend.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace mesh::policy {

// How often: numerator <= denominator, denominator > 0.
struct Ratio {
  std::uint32_t numerator = 1;
  std::uint32_t denominator = 1;

  friend bool operator==(const Ratio&, const Ratio&) = default;
};

struct InjectHttpFailure {
  std::uint16_t status = 500;
  std::string message;
  Ratio ratio;
};

struct InjectGrpcFailure {
  std::uint16_t code = 2;
  std::string message;
  Ratio ratio;
};

// Applied in the order add, set, remove.
struct FieldEdits {
  std::vector<std::pair<std::string, std::string>> add;
  std::vector<std::pair<std::string, std::string>> set;
  std::vector<std::string> remove;
};

struct EditRequest {
  FieldEdits edits;
};

struct EditResponse {
  FieldEdits edits;
};

struct PathReplacement {
  enum class Part : std::uint8_t {
    whole,   // path and query
    prefix,  // what the rule's prefix matched; an error when the rule matched otherwise
  };
  Part part = Part::whole;
  std::string with;  // begins with "/"
};

// What is absent is taken from the request. Without effect when it leads back to the same place.
struct Redirect {
  std::string scheme;      // empty: the request's
  std::string host;        // empty: the request's
  std::uint16_t port = 0;  // 0: the one of `host`, or the scheme's default
  std::optional<PathReplacement> path;
  std::uint16_t status = 301;
};

// Ends a connection. Of a connection's filters only the first is looked at.
struct RejectInvalid {
  std::string message;
};
struct RejectForbidden {};

// One we do not know. A request that meets it fails, the policy around it stays in force.
struct UnknownFilter {};

using Filter = std::variant<InjectHttpFailure, InjectGrpcFailure, EditRequest, EditResponse,
                            Redirect, RejectInvalid, RejectForbidden, UnknownFilter>;
using Filters = std::vector<Filter>;

}  // namespace mesh::policy
