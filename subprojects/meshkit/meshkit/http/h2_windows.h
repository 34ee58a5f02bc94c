#pragma once
// H2Windows: how much a peer may send before its bytes are consumed, and when it may send more.
//
// Bytes count against two windows, the stream's and the connection's, and are given back to both
// as they are consumed. A window of which half goes through in less than a round trip holds the
// peer up: it doubles, within H2Settings; what the connection's window grows by comes from the
// context's budget and returns with the connection. Slow streams that keep half of the connection's
// window occupied make it grow too, so that they do not stop the others; a stream's window stays
// within a quarter of it for the same reason.

#include <cstddef>
#include <cstdint>

#include "meshkit/base/clock.h"

struct nghttp2_session;

namespace mesh::http {

class H2Context;

// One stream's part.
struct H2StreamWindow {
  std::uint32_t size = 0;
  std::uint32_t unconsumed = 0;
  std::uint32_t consumed_since = 0;  // `since`
  TimePoint since{};
};

class H2Windows {
 public:
  explicit H2Windows(H2Context& context) noexcept;
  H2Windows(const H2Windows&) = delete;
  H2Windows& operator=(const H2Windows&) = delete;
  ~H2Windows();

  // Widens the connection's window from the 64 KiB that every connection starts with.
  void open(nghttp2_session& nghttp2);
  H2StreamWindow new_stream(TimePoint now) const noexcept;

  void on_received(nghttp2_session& nghttp2, H2StreamWindow& stream, std::size_t bytes);
  // `stream_id`: of an open or a closed stream. `may_grow`: more is to come on it.
  void on_consumed(nghttp2_session& nghttp2, H2StreamWindow& stream, std::int32_t stream_id,
                   std::size_t bytes, bool may_grow);

  std::size_t unconsumed() const noexcept { return unconsumed_; }

  // Of the last PING or SETTINGS; zero before the first answer.
  Nanoseconds round_trip{0};

 private:
  void grow_connection(nghttp2_session& nghttp2);
  void grow_stream(nghttp2_session& nghttp2, H2StreamWindow& stream, std::int32_t stream_id);

  H2Context& context_;
  std::uint32_t size_;
  std::uint32_t borrowed_ = 0;
  std::size_t unconsumed_ = 0;
  std::size_t consumed_since_ = 0;  // since_
  TimePoint since_{};
};

}  // namespace mesh::http
