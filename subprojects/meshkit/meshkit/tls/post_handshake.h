#pragma once
// PostHandshake: reads the handshake messages that a peer sends after the handshake (RFC 8446
// section 4.6): KeyUpdate, and a server's tickets, which are skipped because nothing is resumed.
// Messages may be cut across records anywhere; no more than their first bytes are kept.

#include <cstddef>
#include <cstdint>

#include "meshkit/base/bytes.h"

namespace mesh::tls {

class PostHandshake {
 public:
  // Only a client may be sent tickets.
  explicit PostHandshake(bool accepts_tickets) noexcept : accepts_tickets_(accepts_tickets) {}

  enum class Ask : std::uint8_t {
    nothing,
    update_keys,             // the peer's next record uses its next keys
    update_keys_and_answer,  // the same, and it wants ours updated too
    refuse_unexpected,       // violations, named after the alert they deserve
    refuse_malformed,
    refuse_illegal,
  };

  // `content` is one handshake record's.
  Ask read(Bytes content) noexcept;

  // No other record may come between the parts of a message.
  bool is_inside_message() const noexcept { return have_ != 0 || skip_ != 0; }

 private:
  Ask on_message_start(Bytes rest) noexcept;

  bool accepts_tickets_;
  std::uint8_t have_ = 0;    // bytes of message_
  std::uint8_t message_[5];  // head and first byte
  std::uint32_t skip_ = 0;   // bytes of a ticket still to come
};

}  // namespace mesh::tls
