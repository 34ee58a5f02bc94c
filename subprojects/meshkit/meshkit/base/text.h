#pragma once
// Small operations on text that has no structure but itself. Views point into the argument.

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mesh {

// Without blanks and tabs at either end.
std::string_view trimmed(std::string_view text) noexcept;

// The pieces between `separator`s; one empty piece for an empty text.
std::vector<std::string_view> split(std::string_view text, char separator);

// ASCII letters only.
std::string lower_case(std::string_view text);

// Well-formed UTF-8 (RFC 3629): no surrogates, nothing overlong.
bool is_utf8(std::string_view text) noexcept;

// Appends `text` as the inside of a JSON string. What is not UTF-8 becomes U+FFFD byte by byte.
void append_json(std::string& out, std::string_view text);

// Decimal digits and nothing else; none when the number does not fit.
template <std::unsigned_integral T>
std::optional<T> parse_decimal(std::string_view text) noexcept {
  T number = 0;
  const char* end = text.data() + text.size();
  const auto [at, fault] = std::from_chars(text.data(), end, number);
  if (fault != std::errc() || at != end) return std::nullopt;
  return number;
}

}  // namespace mesh
