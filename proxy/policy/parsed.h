#pragma once
// Parsed<T>: what a message of the control plane says, or in which way it breaks the contract.
//
// A Violation's text reads from the outside in ("route default/web: rule 0: no backends"), so that
// whoever wrote the policy finds the place. Converting happens once per update, so it may allocate.

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace mesh::policy {

struct Violation {
  std::string reason;
};

template <class T>
using Parsed = tl::expected<T, Violation>;

inline tl::unexpected<Violation> violation(std::string reason) {
  return tl::unexpected<Violation>(Violation{std::move(reason)});
}

// The same violation, seen from the part that contains it.
inline tl::unexpected<Violation> violation_in(std::string_view where, const Violation& inner) {
  return violation(std::string(where) + ": " + inner.reason);
}

}  // namespace mesh::policy
