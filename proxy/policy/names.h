#pragma once
// Host names and authorities as text: what is a DNS name, what is the host in "host:port".
//
// Views returned point into the argument. ASCII only; internationalised names arrive encoded.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mesh::policy {

// RFC 1123 labels (underscores too, as Kubernetes and SRV names have them), at most 253 bytes, one
// trailing dot allowed, and not an IPv4 address.
bool is_dns_name(std::string_view text) noexcept;

// An absolute URI as certificates carry it: a scheme, a colon, then visible ASCII.
bool is_uri(std::string_view text) noexcept;

// RFC 9110 token: what field names and methods consist of.
bool is_token(std::string_view text) noexcept;

// Bytes that may stand in a field value: no control characters but the tab.
bool is_field_value(std::string_view text) noexcept;

std::string lower_case(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

// "host", "host:port", "[v6]:port", with or without "user@". The host of "[::1]:80" is "::1".
struct Authority {
  std::string_view host;
  std::uint16_t port = 0;  // 0: none
};
std::optional<Authority> parse_authority(std::string_view text) noexcept;

// The host alone, for matching: lenient, empty when there is none. IPv6 keeps no brackets.
std::string_view host_of(std::string_view authority) noexcept;

// A DNS name and a port, both required: what can be looked up as a destination.
struct NameAndPort {
  std::string name;
  std::uint16_t port = 0;

  std::string text() const;
  friend bool operator==(const NameAndPort&, const NameAndPort&) = default;
};
std::optional<NameAndPort> parse_name_and_port(std::string_view text);

}  // namespace mesh::policy
