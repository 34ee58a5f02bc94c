#pragma once
// H2Pump: moves frames from one nghttp2 session to its transport, as they are made.
//
// Streams that have much to send take turns: one that had its share yields, and goes on when all
// others have had theirs. A congested transport gets nothing more, but for a head that is waited
// for and the last frames of a connection that ends.

#include <cstdint>

#include "meshkit/base/intrusive_list.h"
#include "meshkit/http/h2_context.h"
#include "meshkit/http/h2_stream.h"
#include "meshkit/net/stream.h"

namespace mesh::http {

class H2Pump {
 public:
  H2Pump(H2Context& context, net::Stream& transport) noexcept
      : context_(context), transport_(transport) {}

  // No session of this context is inside run(): the frame buffer they share is free.
  bool may_run() const noexcept { return !context_.is_sending_; }
  // False: nghttp2 cannot go on. `is_last`: congested or not, everything goes.
  bool run(nghttp2_session& nghttp2, bool is_last);
  // Runs until the head of that stream has left, too.
  bool run_for_head(nghttp2_session& nghttp2, std::int32_t stream_id);
  void on_head_gone(std::int32_t stream_id) noexcept {
    if (awaited_head_ == stream_id) awaited_head_ = 0;
  }

  void yield(H2Stream& stream) noexcept { yielded_.push_back(stream); }
  // After a frame of body that was written past nghttp2: whether it must stop there.
  bool must_pause() noexcept { return is_paused_ = transport_.congested(); }

 private:
  bool next_round(nghttp2_session& nghttp2);

  H2Context& context_;
  net::Stream& transport_;
  IntrusiveList<H2Stream, H2YieldTag> yielded_;
  std::int32_t awaited_head_ = 0;
  bool is_paused_ = false;
};

}  // namespace mesh::http
