#include "proxy/init/port_range.h"

#include <algorithm>
#include <charconv>

namespace mesh::init {

tl::expected<std::uint16_t, std::string> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto [rest, fault] = std::from_chars(begin, end, port);
  if (fault != std::errc() || rest != end || port == 0)
    return tl::unexpected<std::string>("not a port between 1 and 65535");
  return port;
}

tl::expected<PortRange, std::string> parse_port_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos)
    return parse_port(text).map([](std::uint16_t port) { return PortRange{port, port}; });

  const auto first = parse_port(text.substr(0, dash));
  const auto last = parse_port(text.substr(dash + 1));
  if (!first || !last) return tl::unexpected<std::string>("not a range of ports like 4567-4568");
  if (*first > *last) return tl::unexpected<std::string>("a range that ends before it begins");
  return PortRange{*first, *last};
}

std::vector<PortRange> merged(std::vector<PortRange> ranges) {
  std::sort(ranges.begin(), ranges.end());
  std::vector<PortRange> result;
  for (const PortRange range : ranges) {
    if (!result.empty() && range.first <= result.back().last + 1)
      result.back().last = std::max(result.back().last, range.last);
    else
      result.push_back(range);
  }
  return result;
}

std::string to_text(PortRange range) {
  std::string text = std::to_string(range.first);
  if (range.last != range.first) text += "-" + std::to_string(range.last);
  return text;
}

}  // namespace mesh::init
