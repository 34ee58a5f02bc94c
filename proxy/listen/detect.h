#pragma once
// detect: which protocol a connection speaks, from the first bytes its client sent. Pure.
//
// The verdicts, in the order they are tried:
//   http2   the connection preface of RFC 9113 section 3.4
//   tls     a TLS handshake record; who it is for is tls/client_hello's question
//   http1   a first line that begins with a method of HTTP and a space, or ends in "HTTP/<digit>"
//   opaque  anything else
// Bytes that may still become any of the first three give `need_more`, with how strongly they
// suggest HTTP: the caller decides how long to wait for the rest (proxy/listen/first_bytes.h).
// The net is wide on purpose: a malformed request must reach the strict parser, which refuses it,
// and not the far side as opaque bytes. Names of methods that other line protocols share count only
// with a target that looks like HTTP's.

#include <cstdint>

#include "meshkit/base/bytes.h"

namespace mesh::listen {

enum class Protocol : std::uint8_t { opaque, http1, http2, tls };

enum class Hint : std::uint8_t {
  none,    // nothing was sent, or it fits several protocols
  likely,  // a complete method and a space: hardly anything but HTTP begins so
};

struct Detection {
  bool decided = false;
  Protocol protocol = Protocol::opaque;  // when decided
  Hint hint = Hint::none;                // when not
};

// Looks at no more than this much; a longer first line without a verdict is opaque.
inline constexpr std::size_t kDetectBytes = 8 * 1024;

Detection detect(Bytes first_bytes) noexcept;

}  // namespace mesh::listen
