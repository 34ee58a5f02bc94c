#pragma once
// H1Fault: why bytes were refused as HTTP/1, and what the client is told.

#include <cstdint>

namespace mesh::http {

struct H1Fault {
  std::uint16_t status = 0;  // 400, 414, 431, 501 or 505; 0 is no fault
  const char* reason = "";   // a static machine word for metrics and logs, such as "two_lengths"

  explicit operator bool() const noexcept { return status != 0; }
};

}  // namespace mesh::http
