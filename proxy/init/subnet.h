#pragma once
// Subnet: an IPv4 or IPv6 network, as in "10.0.0.0/8", "fd00::/8" or one bare address.
//
// Bits after the prefix are cleared on parsing, as the kernel would compare them away anyway.

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace mesh::init {

enum class IpVersion : std::uint8_t { v4, v6 };

struct Subnet {
  IpVersion version = IpVersion::v4;
  std::array<std::uint8_t, 16> address{};  // network order; IPv4 uses the first four bytes
  std::uint8_t prefix = 0;                 // bits, at most width()

  std::uint8_t width() const noexcept { return version == IpVersion::v4 ? 32 : 128; }
  std::span<const std::uint8_t> bytes() const noexcept {
    return std::span(address).first(width() / 8u);
  }
  friend auto operator<=>(const Subnet&, const Subnet&) = default;
};

// The bytes of the netmask of a `prefix`; those beyond the address's width are zero.
std::array<std::uint8_t, 16> netmask(std::uint8_t prefix) noexcept;

// The error is what is wrong with `text`, without `text` itself.
tl::expected<Subnet, std::string> parse_subnet(std::string_view text);

// Each subnet once, IPv4 before IPv6, in ascending order.
std::vector<Subnet> sorted(std::vector<Subnet> subnets);

// Without "/32" or "/128" when it is one address: how nft and iptables-save print it.
std::string to_text(const Subnet& subnet);

}  // namespace mesh::init
