#include "meshkit/http/h2_frame_gate.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace mesh::http {
namespace {

constexpr std::uint8_t kData = 0, kPriority = 2, kResetStream = 3, kWindowUpdate = 8;
constexpr std::size_t kPrioritySize = 5, kWindowUpdateSize = 4;
constexpr std::uint32_t kIdBits = 0x7fffffff;

// Smaller steps cannot take a window over its limit but by their number; nghttp2 then ends the
// connection.
constexpr std::uint32_t kLargeStep = 1u << 30;

std::size_t payload_size(const std::uint8_t* frame) noexcept { return load_be32(frame) >> 8; }

std::uint32_t stream_id(const std::uint8_t* frame) noexcept {
  return load_be32(frame + 5) & kIdBits;
}

// Whether all of the frame is needed to judge it.
bool is_of_interest(const std::uint8_t* frame) noexcept {
  const std::size_t size = payload_size(frame);
  return (frame[3] == kPriority && size == kPrioritySize) ||
         (frame[3] == kWindowUpdate && size == kWindowUpdateSize);
}

H2FrameGate::Piece judge(Bytes frame) noexcept {
  const std::uint32_t id = stream_id(frame.data());
  const std::uint32_t value = load_be32(frame.data() + 9) & kIdBits;
  if (frame[3] == kPriority) {
    const bool is_bad = id == 0 || id == value;
    return {is_bad ? H2FrameGate::Kind::bad_priority : H2FrameGate::Kind::pass, frame, 0, 0};
  }
  if (id == 0 || (value != 0 && value < kLargeStep)) return {H2FrameGate::Kind::pass, frame, 0, 0};
  return {H2FrameGate::Kind::window_update, frame, static_cast<std::int32_t>(id), value};
}

}  // namespace

bool H2FrameGate::is_suspicious(const std::uint8_t* frame) noexcept {
  if (frame[3] == kResetStream) reset_seen_ = true;
  if (frame[3] != kData || std::exchange(data_checked_, false)) return false;
  return reset_seen_ || streams_.is_closed_stream(static_cast<std::int32_t>(stream_id(frame)));
}

H2FrameGate::Piece H2FrameGate::next(Bytes& bytes) noexcept {
  if (held_size_ != 0) return next_held(bytes);
  reset_seen_ = false;
  const Bytes all = bytes;
  std::size_t at = 0;
  Piece piece;
  while (true) {
    const std::size_t skipped = std::min(left_, all.size() - at);
    left_ -= skipped;
    at += skipped;
    const Bytes rest = all.subspan(at);
    if (rest.size() < kHead) break;
    const bool is_watched = is_of_interest(rest.data());
    if (is_watched && rest.size() < kHead + payload_size(rest.data())) break;
    if (is_suspicious(rest.data())) {
      piece = {Kind::data, {}, static_cast<std::int32_t>(stream_id(rest.data())), 0};
      data_checked_ = at == 0;  // else this comes up again, with all before it read
      break;
    }
    if (is_watched) {
      piece = judge(rest.first(kHead + payload_size(rest.data())));
      if (piece.kind != Kind::pass) break;
    }
    at += kHead;
    left_ = payload_size(rest.data());
  }
  bytes = all.subspan(at);
  if (at != 0) return {Kind::pass, all.first(at), 0, 0};
  if (piece.kind == Kind::pass) return hold(bytes);
  bytes = all.subspan(piece.bytes.size());
  return piece;
}

H2FrameGate::Piece H2FrameGate::hold(Bytes& bytes) noexcept {
  std::memcpy(held_.data(), bytes.data(), bytes.size());
  held_size_ = static_cast<std::uint8_t>(bytes.size());
  bytes = {};
  return {Kind::hold, {}, 0, 0};
}

H2FrameGate::Piece H2FrameGate::next_held(Bytes& bytes) noexcept {
  const auto fill = [&](std::size_t size) {
    const std::size_t more = std::min(size - std::min<std::size_t>(held_size_, size), bytes.size());
    std::memcpy(held_.data() + held_size_, bytes.data(), more);
    held_size_ = static_cast<std::uint8_t>(held_size_ + more);
    bytes = bytes.subspan(more);
    return held_size_ >= size;
  };
  if (!fill(kHead)) return {Kind::hold, {}, 0, 0};
  if (!std::exchange(data_checked_, true) && held_[3] == kData) {
    const auto id = static_cast<std::int32_t>(stream_id(held_.data()));
    if (streams_.is_closed_stream(id)) return {Kind::data, {}, id, 0};
  }
  data_checked_ = false;
  if (!is_of_interest(held_.data())) {
    left_ = payload_size(held_.data());
    held_size_ = 0;
    return {Kind::pass, Bytes(held_).first(kHead), 0, 0};
  }
  const std::size_t size = kHead + payload_size(held_.data());
  if (!fill(size)) return {Kind::hold, {}, 0, 0};
  held_size_ = 0;
  return judge(Bytes(held_).first(size));
}

}  // namespace mesh::http
