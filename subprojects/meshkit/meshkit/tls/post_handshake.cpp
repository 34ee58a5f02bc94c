#include "meshkit/tls/post_handshake.h"

#include <algorithm>
#include <cstring>

namespace mesh::tls {
namespace {

constexpr std::uint8_t kNewSessionTicket = 4;
constexpr std::uint8_t kKeyUpdate = 24;
constexpr std::uint8_t kUpdateNotRequested = 0;
constexpr std::uint8_t kUpdateRequested = 1;
// Lifetime, age, nonce, ticket and extensions at their largest come to a little more than two
// 16-bit lengths; who sends that much is not sending tickets.
constexpr std::uint32_t kMaxTicket = 1 << 16;

}  // namespace

PostHandshake::Ask PostHandshake::read(Bytes content) noexcept {
  while (!content.empty()) {
    if (skip_ != 0) {
      const std::size_t n = std::min<std::size_t>(skip_, content.size());
      skip_ -= static_cast<std::uint32_t>(n);
      content = content.subspan(n);
      continue;
    }
    const std::size_t n = std::min(sizeof(message_) - have_, content.size());
    std::memcpy(message_ + have_, content.data(), n);
    have_ = static_cast<std::uint8_t>(have_ + n);
    content = content.subspan(n);
    if (have_ < sizeof(message_)) break;
    have_ = 0;
    const Ask ask = on_message_start(content);
    if (ask != Ask::nothing) return ask;
  }
  return Ask::nothing;
}

// Every message that is accepted has a body of a byte at least, so that byte is read with the head.
PostHandshake::Ask PostHandshake::on_message_start(Bytes rest) noexcept {
  const std::uint32_t length = load_be32(message_) & 0xff'ffff;
  if (message_[0] == kNewSessionTicket && accepts_tickets_) {
    if (length == 0 || length > kMaxTicket) return Ask::refuse_malformed;
    skip_ = length - 1;
    return Ask::nothing;
  }
  if (message_[0] != kKeyUpdate) return Ask::refuse_unexpected;
  if (length != 1) return Ask::refuse_malformed;
  // The bytes after it would be protected by the wrong keys (RFC 8446 section 5.1).
  if (!rest.empty()) return Ask::refuse_unexpected;
  if (message_[4] == kUpdateRequested) return Ask::update_keys_and_answer;
  return message_[4] == kUpdateNotRequested ? Ask::update_keys : Ask::refuse_illegal;
}

}  // namespace mesh::tls
