#pragma once
// access_log: one line for each request that came in, as the Apache servers write it, or as JSON.
//
// Whatever the client chose is escaped: no request can forge a line, or a field of one. Pure, but
// for write_line.

#include <cstdint>
#include <string>
#include <string_view>

#include "meshkit/base/clock.h"

namespace mesh::stats {

// Views live for the call. Empty: unknown.
struct AccessRecord {
  std::string_view client_address;
  std::string_view client_id;
  WallTime when{};
  std::string_view method;
  std::string_view uri;
  std::string_view version;  // "HTTP/1.1"
  std::string_view trace_id;
  std::string_view user_agent;
  std::string_view host;
  std::uint16_t status = 0;  // 0: no response
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  Nanoseconds total{};
  Nanoseconds processing{};  // until the response began
};

// <client> <client id> - [10/Oct/2000:13:55:36 +0000] "<method> <uri> <version>" <status> <bytes>
// With the line's end.
std::string apache_line(const AccessRecord& record);
std::string json_line(const AccessRecord& record);

// To standard error, in one write; a line that cannot be written is lost.
void write_line(std::string_view line) noexcept;

}  // namespace mesh::stats
