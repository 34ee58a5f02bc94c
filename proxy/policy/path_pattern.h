#pragma once
// PathPattern: what a route says about a request's path, without its query.
//
//   exact   byte for byte
//   prefix  whole segments: "/a" is "/a" and "/a/b" but not "/ab"; trailing slashes do not count,
//           "/" is everything
//   regex   over the whole path
//
// Exact is more specific than prefix, and prefix than regex, whatever their lengths; within a kind
// the longer is (Gateway API's order). A regex is as long as the path that it covers.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "proxy/policy/regex.h"

namespace mesh::policy {

enum class PathKind : std::uint8_t { regex, prefix, exact };  // ascending specificity

// Greater is more specific. For a prefix, `length` is how much of the path it stands for. The
// default is that of a rule without a word on the path, which is the prefix "/".
struct PathRank {
  PathKind kind = PathKind::prefix;
  std::uint32_t length = 0;

  friend auto operator<=>(const PathRank&, const PathRank&) = default;
};

class PathPattern {
 public:
  static PathPattern exact(std::string_view path) { return PathPattern(Exact{std::string(path)}); }
  static PathPattern prefix(std::string_view path);
  static PathPattern regex(Regex regex) { return PathPattern(std::move(regex)); }

  std::optional<PathRank> match(std::string_view path) const;

 private:
  struct Exact {
    std::string path;
  };
  struct Prefix {
    std::string path;  // without trailing slashes
  };
  using Kind = std::variant<Exact, Prefix, Regex>;

  explicit PathPattern(Kind kind) : kind_(std::move(kind)) {}

  Kind kind_;
};

}  // namespace mesh::policy
