#pragma once
// Outcome: what became of one exchange, for metrics and the access log. Filled as it happens.

#include <cstdint>

#include "meshkit/base/clock.h"
#include "meshkit/http/message.h"
#include "proxy/forward/reply_for.h"

namespace mesh::forward {

struct Outcome {
  TimePoint began{};
  TimePoint response_began{};
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  std::uint16_t status = 0;         // as sent to the client; 0: reset before a response
  std::uint8_t grpc_status = 0xff;  // 0xff: none seen
  bool is_grpc = false;
  bool resent = false;
  Cause cause = Cause::none;  // set when the proxy itself made the reply or broke the exchange
  http::H2Code reset_code = http::H2Code::no_error;
};

}  // namespace mesh::forward
