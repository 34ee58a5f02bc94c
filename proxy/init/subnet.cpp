#include "proxy/init/subnet.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace mesh::init {
namespace {

int family_of(IpVersion version) noexcept { return version == IpVersion::v4 ? AF_INET : AF_INET6; }

// A prefix length is digits alone: no sign, no blank, at most `width`.
std::optional<std::uint8_t> parse_prefix(std::string_view text, std::uint8_t width) {
  std::uint8_t prefix = 0;
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto [rest, fault] = std::from_chars(begin, end, prefix);
  if (fault != std::errc() || rest != end || prefix > width) return std::nullopt;
  return prefix;
}

}  // namespace

std::array<std::uint8_t, 16> netmask(std::uint8_t prefix) noexcept {
  std::array<std::uint8_t, 16> mask{};
  std::fill_n(mask.begin(), prefix / 8, std::uint8_t{0xff});
  if (prefix % 8 != 0) mask[prefix / 8u] = static_cast<std::uint8_t>(0xff00 >> (prefix % 8));
  return mask;
}

tl::expected<Subnet, std::string> parse_subnet(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));  // inet_pton wants a terminated string
  Subnet subnet;
  subnet.version = address.find(':') == std::string::npos ? IpVersion::v4 : IpVersion::v6;
  if (inet_pton(family_of(subnet.version), address.c_str(), subnet.address.data()) != 1)
    return tl::unexpected<std::string>("not an IPv4 or IPv6 address or network");

  const std::optional<std::uint8_t> prefix =
      slash == std::string_view::npos ? subnet.width()
                                      : parse_prefix(text.substr(slash + 1), subnet.width());
  if (!prefix)
    return tl::unexpected<std::string>("a prefix length that is not between 0 and " +
                                       std::to_string(subnet.width()));
  subnet.prefix = *prefix;

  const std::array<std::uint8_t, 16> mask = netmask(subnet.prefix);
  for (std::size_t i = 0; i < mask.size(); ++i) subnet.address[i] &= mask[i];
  return subnet;
}

std::vector<Subnet> sorted(std::vector<Subnet> subnets) {
  std::sort(subnets.begin(), subnets.end());
  subnets.erase(std::unique(subnets.begin(), subnets.end()), subnets.end());
  return subnets;
}

std::string to_text(const Subnet& subnet) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family_of(subnet.version), subnet.address.data(), text.data(), text.size());
  std::string result(text.data());
  if (subnet.prefix != subnet.width()) result += "/" + std::to_string(subnet.prefix);
  return result;
}

}  // namespace mesh::init
