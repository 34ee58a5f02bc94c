#pragma once
// H1Fault: why bytes were refused as HTTP/1, and what the client is told.

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
