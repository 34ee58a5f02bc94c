#pragma once
// AckWatch: how long the peer of a TCP connection has acknowledged nothing, though bytes are due.
//
// A host that vanishes sends no reset; only its silence shows. Probe at intervals (a second or so);
// the age is counted from the first probe that saw the bytes that are still unacknowledged, so it
// is never too long. One system call a probe.

#include <cstdint>
#include <optional>

#include "meshkit/base/clock.h"

namespace mesh::net {

class AckWatch {
 public:
  // `fd`: a connected TCP socket. None when everything sent is acknowledged, or the kernel has no
  // answer.
  std::optional<Milliseconds> unacknowledged_for(int fd, TimePoint now) noexcept;

 private:
  std::uint64_t acknowledged_ = 0;
  std::optional<TimePoint> since_;
};

// Bytes written to the socket that the peer has not acknowledged; none when the kernel won't say.
std::optional<std::size_t> bytes_unacknowledged(int fd) noexcept;

}  // namespace mesh::net
