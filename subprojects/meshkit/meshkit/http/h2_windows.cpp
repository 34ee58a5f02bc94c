#include "meshkit/http/h2_windows.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

#include "meshkit/http/h2_context.h"

namespace mesh::http {

H2Windows::H2Windows(H2Context& context) noexcept
    : context_(context),
      size_(context.settings().connection_window),
      since_(context.clock().now()) {}

H2Windows::~H2Windows() { context_.give_window(borrowed_); }

void H2Windows::open(nghttp2_session& nghttp2) {
  (void)nghttp2_session_set_local_window_size(&nghttp2, NGHTTP2_FLAG_NONE, 0,
                                              static_cast<std::int32_t>(size_));
}

H2StreamWindow H2Windows::new_stream(TimePoint now) const noexcept {
  return {context_.settings().stream_window, 0, 0, now};
}

void H2Windows::on_received(nghttp2_session& nghttp2, H2StreamWindow& stream, std::size_t bytes) {
  stream.unconsumed += static_cast<std::uint32_t>(bytes);
  unconsumed_ += bytes;
  if (unconsumed_ > size_ / 2) grow_connection(nghttp2);
}

void H2Windows::on_consumed(nghttp2_session& nghttp2, H2StreamWindow& stream,
                            std::int32_t stream_id, std::size_t bytes, bool may_grow) {
  stream.unconsumed -= static_cast<std::uint32_t>(bytes);
  stream.consumed_since += static_cast<std::uint32_t>(bytes);
  unconsumed_ -= bytes;
  consumed_since_ += bytes;
  (void)nghttp2_session_consume(&nghttp2, stream_id, bytes);
  if (consumed_since_ >= size_ / 2) {
    const TimePoint now = context_.clock().now();
    if (now - since_ < round_trip) grow_connection(nghttp2);
    since_ = now;
    consumed_since_ = 0;
  }
  if (may_grow && stream.consumed_since >= stream.size / 2) {
    const TimePoint now = context_.clock().now();
    if (now - stream.since < round_trip) grow_stream(nghttp2, stream, stream_id);
    stream.since = now;
    stream.consumed_since = 0;
  }
}

void H2Windows::grow_stream(nghttp2_session& nghttp2, H2StreamWindow& stream,
                            std::int32_t stream_id) {
  const std::uint32_t most = context_.settings().max_stream_window;
  if (stream.size >= most) return;
  const std::uint32_t larger = std::min(2 * stream.size, most);
  if (larger > size_ / 4) grow_connection(nghttp2);
  if (larger > size_ / 4) return;
  stream.size = larger;
  (void)nghttp2_session_set_local_window_size(&nghttp2, NGHTTP2_FLAG_NONE, stream_id,
                                              static_cast<std::int32_t>(larger));
}

void H2Windows::grow_connection(nghttp2_session& nghttp2) {
  const std::uint32_t most = context_.settings().max_connection_window;
  if (size_ >= most) return;
  const std::uint32_t larger = std::min(2 * size_, most);
  if (!context_.take_window(larger - size_)) return;
  borrowed_ += larger - size_;
  size_ = larger;
  (void)nghttp2_session_set_local_window_size(&nghttp2, NGHTTP2_FLAG_NONE, 0,
                                              static_cast<std::int32_t>(larger));
}

}  // namespace mesh::http
