#include "proxy/setting_grammar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "proxy/policy/names.h"

namespace mesh::settings {
namespace {

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 5> kUnits = {
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
// What still fits when counted in nanoseconds.
constexpr std::uint64_t kMostMilliseconds =
    std::numeric_limits<std::int64_t>::max() / std::uint64_t{1'000'000};

// Parses every piece of a comma-separated list; an empty text has none.
template <class T, class Parse>
Result<std::vector<T>> parse_list(std::string_view text, const char* fault, Parse&& parse) {
  std::vector<T> values;
  if (trimmed(text).empty()) return values;
  for (const std::string_view piece : split(text, ',')) {
    const auto value = parse(trimmed(piece));
    if (!value) return fail(Errc::invalid, fault);
    values.push_back(*value);
  }
  return values;
}

std::optional<std::pair<std::uint16_t, std::uint16_t>> parse_port_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = parse_decimal<std::uint16_t>(text.substr(0, dash));
  const auto last =
      dash == std::string_view::npos ? first : parse_decimal<std::uint16_t>(text.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return std::pair(*first, *last);
}

}  // namespace

Result<Milliseconds> parse_duration(std::string_view text) {
  text = trimmed(text);
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view unit = text.substr(digits);
  if (digits == 0) {
    return fail(Errc::invalid, "not a duration: digits and then ms, s, m, h or d");
  }
  const auto number = parse_decimal<std::uint64_t>(text.substr(0, digits));
  if (!number) return fail(Errc::invalid, "too long a duration");
  if (unit.empty() && *number == 0) return Milliseconds(0);
  for (const auto& [name, milliseconds] : kUnits) {
    if (unit != name) continue;
    if (*number > kMostMilliseconds / milliseconds) {
      return fail(Errc::invalid, "too long a duration");
    }
    return Milliseconds(static_cast<std::int64_t>(*number * milliseconds));
  }
  return fail(Errc::invalid, "not a duration: digits and then ms, s, m, h or d");
}

Result<bool> parse_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return fail(Errc::invalid, "neither true nor false");
}

Result<double> parse_ratio(std::string_view text, double most) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [at, fault] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (text.empty() || fault != std::errc() || at != end || !(number >= 0)) {
    return fail(Errc::invalid, "not a decimal fraction");
  }
  if (number > most) return fail(Errc::invalid, "too large");
  return number;
}

Result<net::SocketAddress> parse_socket(std::string_view text) {
  const auto address = net::SocketAddress::parse(text);
  if (!address) return fail(Errc::invalid, "not an address with a port, as 127.0.0.1:4140");
  return *address;
}

Result<std::vector<net::SocketAddress>> parse_sockets(std::string_view text, std::size_t most) {
  auto addresses =
      parse_list<net::SocketAddress>(text, "not a list of addresses with ports, as 127.0.0.1:4140",
                                     [](std::string_view one) { return parse_socket(one); });
  if (!addresses) return addresses;
  if (addresses->empty()) return fail(Errc::invalid, "empty");
  if (addresses->size() > most) return fail(Errc::invalid, "too many addresses");
  return addresses;
}

Result<std::vector<std::uint16_t>> parse_ports(std::string_view text) {
  using Range = std::pair<std::uint16_t, std::uint16_t>;
  const auto ranges =
      parse_list<Range>(text, "not a list of ports and ranges, as 80,8000-8010", parse_port_range);
  if (!ranges) return fail(ranges.error());
  std::vector<std::uint16_t> ports;
  for (const auto& [first, last] : *ranges) {
    for (std::uint32_t port = first; port <= last; ++port) {
      ports.push_back(static_cast<std::uint16_t>(port));
    }
  }
  std::sort(ports.begin(), ports.end());
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  return ports;
}

Result<std::vector<net::IpNetwork>> parse_networks(std::string_view text) {
  return parse_list<net::IpNetwork>(text, "not a list of networks, as 10.0.0.0/8,fd00::/8",
                                    net::IpNetwork::parse);
}

Result<std::vector<net::IpAddress>> parse_addresses(std::string_view text) {
  return parse_list<net::IpAddress>(text, "not a list of IP addresses", net::IpAddress::parse);
}

Result<std::vector<std::string>> parse_suffixes(std::string_view text) {
  return parse_list<std::string>(text, "not a list of DNS suffixes",
                                 [](std::string_view one) -> std::optional<std::string> {
                                   if (one == ".") return std::string();
                                   if (!policy::is_dns_name(one)) return std::nullopt;
                                   if (one.ends_with('.')) one.remove_suffix(1);
                                   return lower_case(one);
                                 });
}

Result<std::string> parse_dns_name(std::string_view text) {
  if (!policy::is_dns_name(text)) return fail(Errc::invalid, "not a DNS name");
  return lower_case(text);
}

Result<HostAndPort> parse_host_and_port(std::string_view text) {
  const auto authority = policy::parse_authority(text);
  if (!authority || authority->port == 0 || text.find('@') != std::string_view::npos) {
    return fail(Errc::invalid, "not a host and a port, as mesh-identity.mesh.svc:8080");
  }
  return HostAndPort{lower_case(authority->host), authority->port};
}

}  // namespace mesh::settings
