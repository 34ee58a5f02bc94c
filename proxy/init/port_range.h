#pragma once
// PortRange: TCP ports from `first` to `last`, both included.
//
// Written "80" or "4567-4568". Port 0 cannot be connected to and is refused.

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace mesh::init {

struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;  // >= first

  bool contains(std::uint16_t port) const noexcept { return first <= port && port <= last; }
  friend auto operator<=>(const PortRange&, const PortRange&) = default;
};

// The error is what is wrong with `text`, without `text` itself.
tl::expected<std::uint16_t, std::string> parse_port(std::string_view text);
tl::expected<PortRange, std::string> parse_port_range(std::string_view text);

// The same ports as the fewest ranges in ascending order, so that two ways to write one set give
// the same rules.
std::vector<PortRange> merged(std::vector<PortRange> ranges);

// "80" or "4567-4568".
std::string to_text(PortRange range);

}  // namespace mesh::init
