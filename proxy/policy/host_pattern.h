#pragma once
// HostPattern: one host name, or every name below one ("*.example.com"); for hosts and SNIs.
//
// Case does not matter. One trailing dot of the request's host is ignored, unless the pattern ends
// in a dot itself. A suffix needs at least one more label in front of it. An exact pattern is more
// specific than a suffix, and a longer one than a shorter one.

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mesh::policy {

// Greater is more specific; the default is that of a route for any host.
struct HostRank {
  std::uint8_t kind = 0;  // 0 any, 1 suffix, 2 exact
  std::uint32_t length = 0;

  friend auto operator<=>(const HostRank&, const HostRank&) = default;
};

class HostPattern {
 public:
  static HostPattern exact(std::string_view host);
  // ["com", "example"] is "*.example.com"; a leading empty label is a trailing dot; none is any
  // host.
  static HostPattern suffix(std::span<const std::string> reverse_labels);

  std::optional<HostRank> match(std::string_view host) const noexcept;
  // "example.com", "*.example.com"
  std::string text() const { return is_suffix_ ? '*' + text_ : text_; }

 private:
  HostPattern(std::string text, bool is_suffix) : text_(std::move(text)), is_suffix_(is_suffix) {}

  std::string text_;  // lower case; a suffix begins with its dot
  bool is_suffix_;
};

// The best rank among `patterns`; without any pattern every host matches.
std::optional<HostRank> match_hosts(std::span<const HostPattern> patterns,
                                    std::string_view host) noexcept;

}  // namespace mesh::policy
