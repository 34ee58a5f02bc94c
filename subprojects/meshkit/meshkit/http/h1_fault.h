#pragma once
// H1Fault: why bytes were refused as HTTP/1, and what the client is told.
//
// The reasons, by where they arise:
//   line      request_line status_line line_too_long method version target fragment
//             user_information connect_target
//   fields    bare_lf bare_cr leading_space space_before_colon obs_fold field_name field_value
//             head_too_large too_many_fields syntax
//   host      two_hosts host_syntax
//   framing   two_lengths length_syntax length_and_chunked transfer_coding chunked_not_last
//             transfer_encoding_list transfer_encoding_empty transfer_encoding_http10 framing
//   tunnels   connect_with_body connect_with_upgrade upgrade_http10 unexpected_101
//   body      chunk_size chunk_extension chunk_end trailer_field cut_short
//   H1Server  slow_head

#include <llhttp.h>

#include <cstdint>

namespace mesh::http {

struct H1Fault {
  std::uint16_t status = 0;  // 400, 414, 431 or 501; 0 is no fault
  const char* reason = "";   // a static machine word for metrics and logs, such as "two_lengths"

  explicit operator bool() const noexcept { return status != 0; }
};

// What llhttp refused: `byte`, after `previous`; -1 where there is none.
struct H1Refusal {
  llhttp_errno_t error;
  const char* text;  // llhttp's own words, which tell apart what its codes do not
  int byte = -1;
  int previous = -1;
  bool in_trailers = false;
};

H1Fault fault_of(const H1Refusal& refusal) noexcept;

}  // namespace mesh::http
