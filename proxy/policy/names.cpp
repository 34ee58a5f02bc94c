#include "proxy/policy/names.h"

#include <algorithm>
#include <charconv>

#include "meshkit/net/address.h"

namespace mesh::policy {
namespace {

constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxLabel = 63;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_letter(char c) noexcept { return lower(c) >= 'a' && lower(c) <= 'z'; }
bool is_visible(char c) noexcept { return c > 0x20 && c < 0x7f; }

bool is_label(std::string_view label) noexcept {
  if (label.empty() || label.size() > kMaxLabel) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; });
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (fault != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

struct HostAndRest {
  std::string_view host;
  std::string_view rest;  // empty, or begins after the host
};

HostAndRest split_host(std::string_view authority) noexcept {
  const std::size_t user = authority.rfind('@');
  if (user != std::string_view::npos) authority.remove_prefix(user + 1);
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return {{}, authority};
    return {authority.substr(1, end - 1), authority.substr(end + 1)};
  }
  const std::size_t colon = std::min(authority.find(':'), authority.size());
  return {authority.substr(0, colon), authority.substr(colon)};
}

bool is_host(std::string_view host, bool bracketed) noexcept {
  if (bracketed) {
    const auto ip = net::IpAddress::parse(host);
    return ip.has_value() && host.find(':') != std::string_view::npos;
  }
  return is_dns_name(host) || net::IpAddress::parse(host).has_value();
}

}  // namespace

bool is_dns_name(std::string_view text) noexcept {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > kMaxName) return false;
  if (net::IpAddress::parse(text).has_value()) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_uri(std::string_view text) noexcept {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) return false;
  const std::string_view scheme = text.substr(0, colon);
  if (!is_letter(scheme.front())) return false;
  return std::all_of(scheme.begin(), scheme.end(),
                     [](char c) {
                       return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
                     }) &&
         std::all_of(text.begin(), text.end(), is_visible);
}

bool is_token(std::string_view text) noexcept {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || is_digit(c) || kMarks.find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

std::string lower_case(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), lower);
  return lowered;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<Authority> parse_authority(std::string_view text) noexcept {
  const HostAndRest split = split_host(text);
  const bool bracketed = text.find('[') != std::string_view::npos;
  if (!is_host(split.host, bracketed)) return std::nullopt;
  if (split.rest.empty()) return Authority{split.host, 0};
  if (split.rest.front() != ':') return std::nullopt;
  const auto port = parse_port(split.rest.substr(1));
  if (!port) return std::nullopt;
  return Authority{split.host, *port};
}

std::string_view host_of(std::string_view authority) noexcept { return split_host(authority).host; }

std::string NameAndPort::text() const { return name + ':' + std::to_string(port); }

std::optional<NameAndPort> parse_name_and_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_port(text.substr(colon + 1));
  if (!port || !is_dns_name(text.substr(0, colon))) return std::nullopt;
  return NameAndPort{lower_case(text.substr(0, colon)), *port};
}

}  // namespace mesh::policy
