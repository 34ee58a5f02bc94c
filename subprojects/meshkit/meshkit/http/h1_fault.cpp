#include "meshkit/http/h1_fault.h"

#include <string_view>

namespace mesh::http {
namespace {

bool is_blank(int byte) noexcept { return byte == ' ' || byte == '\t'; }

bool is_control(int byte) noexcept { return (byte >= 0 && byte < ' ') || byte == 0x7f; }

// llhttp points at what it refuses, or, after names that it knows and at a line's start, behind it.
const char* reason_for_token(const H1Refusal& refusal, std::string_view text) noexcept {
  const bool points_behind = text == "Invalid header field char";
  const int byte = points_behind ? refusal.previous : refusal.byte;
  if (text == "Unexpected whitespace after header value") return "obs_fold";
  if (text == "Invalid header value char") {
    if (refusal.previous == '\n') return "bare_lf";  // a value's first line break
    return is_control(byte) ? "field_value" : "obs_fold";
  }
  if (byte == '\n') return "bare_lf";
  if (!is_blank(byte)) return "field_name";
  return !points_behind && refusal.previous == '\n' ? "leading_space" : "space_before_colon";
}

const char* reason_for_strict(std::string_view text) noexcept {
  if (text == "Expected LF after headers") return "bare_cr";
  return text.find("extension") != std::string_view::npos ? "chunk_extension" : "chunk_end";
}

const char* reason_for(const H1Refusal& refusal) noexcept {
  const std::string_view text = refusal.text == nullptr ? "" : refusal.text;
  const bool are_both = text.find("can't be present") != std::string_view::npos;
  switch (refusal.error) {
    case HPE_CR_EXPECTED:
      return refusal.byte == '\n' || refusal.previous == '\n' ? "bare_lf" : "chunk_end";
    case HPE_LF_EXPECTED: return "bare_cr";
    case HPE_STRICT: return reason_for_strict(text);
    case HPE_UNEXPECTED_SPACE: return "leading_space";
    case HPE_INVALID_HEADER_TOKEN: return reason_for_token(refusal, text);
    case HPE_UNEXPECTED_CONTENT_LENGTH: return "two_lengths";
    case HPE_INVALID_CONTENT_LENGTH:
      if (refusal.in_trailers) return "trailer_field";
      if (are_both) return "length_and_chunked";
      return refusal.byte == ',' ? "two_lengths" : "length_syntax";
    case HPE_INVALID_TRANSFER_ENCODING:
      if (refusal.in_trailers) return "trailer_field";
      return are_both ? "length_and_chunked" : "chunked_not_last";
    case HPE_INVALID_CHUNK_SIZE: return "chunk_size";
    default: return "syntax";
  }
}

}  // namespace

H1Fault fault_of(const H1Refusal& refusal) noexcept { return {400, reason_for(refusal)}; }

}  // namespace mesh::http
