#include "meshkit/http/h2_pump.h"

#include <nghttp2/nghttp2.h>

namespace mesh::http {

bool H2Pump::run(nghttp2_session& nghttp2, bool is_last) {
  context_.is_sending_ = true;
  bool is_fine = true;
  while (!transport_.congested() || awaited_head_ != 0 || is_last) {
    is_paused_ = false;
    const std::uint8_t* bytes = nullptr;
    const nghttp2_ssize size = nghttp2_session_mem_send2(&nghttp2, &bytes);
    if (size > 0) {
      transport_.write({bytes, static_cast<std::size_t>(size)});
      continue;
    }
    is_fine = size == 0;
    if (!is_fine || (!is_paused_ && !next_round(nghttp2))) break;
  }
  context_.is_sending_ = false;
  return is_fine;
}

bool H2Pump::run_for_head(nghttp2_session& nghttp2, std::int32_t stream_id) {
  awaited_head_ = stream_id;
  const bool is_fine = run(nghttp2, false);
  const bool has_left = awaited_head_ == 0;
  awaited_head_ = 0;
  return is_fine && has_left;
}

bool H2Pump::next_round(nghttp2_session& nghttp2) {
  bool any = false;
  while (H2Stream* stream = yielded_.pop_front()) any = stream->resume_after_yield(nghttp2) || any;
  return any;
}

}  // namespace mesh::http
