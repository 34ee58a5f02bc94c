#pragma once
// TLS alerts (RFC 8446 section 6 and appendix B.2).

#include <cstdint>

namespace mesh::tls {

enum class Alert : std::uint8_t {
  close_notify = 0,
  unexpected_message = 10,
  bad_record_mac = 20,
  record_overflow = 22,
  illegal_parameter = 47,
  decode_error = 50,
  user_canceled = 90,
};

// "peer's alert: unknown certificate authority"; a string literal.
const char* describe_peer_alert(std::uint8_t code) noexcept;

}  // namespace mesh::tls
