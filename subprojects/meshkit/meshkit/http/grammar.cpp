#include "meshkit/http/grammar.h"

#include <algorithm>
#include <cstring>

namespace mesh::http {
namespace {

constexpr std::uint8_t kTokenChar = 1;
constexpr std::uint8_t kValueChar = 2;
constexpr std::uint8_t kTargetChar = 4;
constexpr std::uint8_t kHostChar = 8;
constexpr std::uint8_t kAddressChar = 16;  // inside the brackets of an IPv6 address

constexpr bool is_alphanumeric(int c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_hex(int c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
constexpr bool is_one_of(int c, std::string_view set) {
  return c != 0 && set.find(static_cast<char>(c)) != std::string_view::npos;
}

constexpr auto kClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    std::uint8_t& bits = classes[static_cast<std::size_t>(c)];
    const bool is_visible = c > 0x20 && c < 0x7f;
    if (c < 0x80 && (is_alphanumeric(c) || is_one_of(c, "!#$%&'*+-.^_`|~"))) bits |= kTokenChar;
    if (is_visible || c == ' ' || c == '\t' || c >= 0x80) bits |= kValueChar;
    if (is_visible && c != '#') bits |= kTargetChar;
    if (c < 0x80 && (is_alphanumeric(c) || is_one_of(c, "-._~!$&'()*+;=%"))) bits |= kHostChar;
    if (c < 0x80 && (is_hex(c) || c == ':' || c == '.')) bits |= kAddressChar;
  }
  return classes;
}();

bool is_all(std::string_view text, std::uint8_t wanted) noexcept {
  return std::all_of(text.begin(), text.end(), [wanted](char c) {
    return (kClasses[static_cast<std::uint8_t>(c)] & wanted) != 0;
  });
}

// Whether one of the eight bytes is below 0x20 or is 0x7f. Bytes above 0x7f never count.
bool has_control(std::uint64_t eight) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  constexpr std::uint64_t kTops = 0x8080808080808080u;
  const std::uint64_t low = (eight - kOnes * 0x20) & ~eight & kTops;
  const std::uint64_t del = eight ^ (kOnes * 0x7f);
  return (low | ((del - kOnes) & ~del & kTops)) != 0;
}

bool is_port(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5) return false;
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value <= 0xffff;
}

struct Authority {
  bool is_valid = false;
  bool has_port = false;
};

Authority check_authority(std::string_view text) noexcept {
  std::size_t host_size = 0;
  if (!text.empty() && text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close < 3) return {};
    if (!is_all(text.substr(1, close - 1), kAddressChar)) return {};
    host_size = close + 1;
  } else {
    host_size = std::min(text.find(':'), text.size());
    if (host_size == 0 || !is_all(text.substr(0, host_size), kHostChar)) return {};
  }
  if (host_size == text.size()) return {true, false};
  return {text[host_size] == ':' && is_port(text.substr(host_size + 1)), true};
}

}  // namespace

bool is_token(std::string_view text) noexcept { return !text.empty() && is_all(text, kTokenChar); }

bool is_field_value(std::string_view text) noexcept {
  while (text.size() >= 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data(), sizeof eight);
    if (has_control(eight) && !is_all(text.substr(0, 8), kValueChar)) return false;
    text.remove_prefix(8);
  }
  return is_all(text, kValueChar);
}

bool is_target_text(std::string_view text) noexcept { return is_all(text, kTargetChar); }

bool is_authority(std::string_view text) noexcept { return check_authority(text).is_valid; }

bool is_authority_with_port(std::string_view text) noexcept {
  const Authority authority = check_authority(text);
  return authority.is_valid && authority.has_port;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
         });
}

std::string_view trim_blanks(std::string_view text) noexcept {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace mesh::http
