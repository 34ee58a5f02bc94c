#pragma once
// grammar: the character rules of RFC 9110 and RFC 3986 that the codecs and the forwarder share.

#include <array>
#include <cstdint>
#include <string_view>

namespace mesh::http {

// A method or field name: one or more tchar (RFC 9110 section 5.6.2).
bool is_token(std::string_view text) noexcept;
// Visible characters, blanks and bytes above 0x7f: no control character but HTAB, no DEL.
bool is_field_value(std::string_view text) noexcept;
// Visible ASCII without '#'. May be empty.
bool is_target_text(std::string_view text) noexcept;
// host [":" port] with a host of RFC 3986 (no comma) or a bracketed IPv6 address and a port of 1 to
// 5 digits up to 65535. Not empty.
bool is_authority(std::string_view text) noexcept;
// The same, and the port must be there.
bool is_authority_with_port(std::string_view text) noexcept;

// `lower` is in lower case already; ASCII only.
bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept;

std::string_view trim_blanks(std::string_view text) noexcept;

// Calls `visit(item)` for every non-empty item of a comma-separated list, blanks trimmed, until it
// returns false. Returns false if it did.
template <class Visit>
bool for_each_item(std::string_view list, Visit&& visit) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view item = trim_blanks(list.substr(0, comma));
    if (!item.empty() && !visit(item)) return false;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return true;
}

}  // namespace mesh::http
