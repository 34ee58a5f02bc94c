#pragma once
// reason_phrase: the words after an HTTP/1 status code; RFC 9110 section 15.

#include <cstdint>
#include <string_view>

namespace mesh::http {

// Empty for a status without a registered phrase.
std::string_view reason_phrase(std::uint16_t status) noexcept;

}  // namespace mesh::http
