#pragma once
// The kinds of values that settings have, as text to value. Each says what is wrong by Error::what,
// a phrase that goes on from "... is": "not a duration". Pure.

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "meshkit/base/clock.h"
#include "meshkit/base/result.h"
#include "meshkit/base/text.h"
#include "meshkit/net/address.h"

namespace mesh::settings {

// Blanks, digits, a unit (ms, s, m, h, d), blanks; "0" needs no unit.
Result<Milliseconds> parse_duration(std::string_view text);
// "true" or "false".
Result<bool> parse_bool(std::string_view text);
// A decimal fraction from 0 to `most`.
Result<double> parse_ratio(std::string_view text, double most);
// "10.0.0.1:80", "[::1]:80"
Result<net::SocketAddress> parse_socket(std::string_view text);
// The same, `most` of them at most, between commas.
Result<std::vector<net::SocketAddress>> parse_sockets(std::string_view text, std::size_t most);
// "80,443,8000-8010"; sorted, each once. May be empty.
Result<std::vector<std::uint16_t>> parse_ports(std::string_view text);
// "10.0.0.0/8,fd00::/8,192.168.1.1"; may be empty.
Result<std::vector<net::IpNetwork>> parse_networks(std::string_view text);
Result<std::vector<net::IpAddress>> parse_addresses(std::string_view text);
// "svc.cluster.local.,example.com"; "." is every name. In lower case and without the last dot, so
// that every name ends in "". May be empty.
Result<std::vector<std::string>> parse_suffixes(std::string_view text);
// In lower case.
Result<std::string> parse_dns_name(std::string_view text);

struct HostAndPort {
  std::string host;  // a DNS name in lower case, or an IP address without brackets
  std::uint16_t port = 0;
};
Result<HostAndPort> parse_host_and_port(std::string_view text);

// A decimal number from `least` to `most`.
template <std::unsigned_integral T>
Result<T> parse_number(std::string_view text, T least = 0, T most = std::numeric_limits<T>::max()) {
  const auto number = parse_decimal<T>(text);
  if (!number) return fail(Errc::invalid, "not a number that fits");
  if (*number < least) return fail(Errc::invalid, "too small");
  if (*number > most) return fail(Errc::invalid, "too large");
  return *number;
}

}  // namespace mesh::settings
