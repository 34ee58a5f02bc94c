#pragma once
// H1Link: a connection's stream with the credit of the one exchange that uses it.
//
// Bytes given to the exchange's user count as outstanding until consumed; above the window reading
// stops, at half of it it goes on. Bytes the user sent are told to it when they have left, which is
// at once while the stream is not congested.

#include <cstddef>

#include "meshkit/net/stream.h"

namespace mesh::http {

class H1Link {
 public:
  H1Link(net::Stream& stream, std::size_t window) noexcept : stream_(&stream), window_(window) {}

  net::Stream& stream() const noexcept { return *stream_; }

  void start(net::StreamEvents& events);
  // A new exchange begins with full credit.
  void renew() noexcept { outstanding_ = unsent_ = 0; }

  void delivered(std::size_t bytes) noexcept { outstanding_ += bytes; }
  void consumed(std::size_t bytes) noexcept;
  // Pauses or resumes the stream as credit and `hold` (a reason of the caller's own) ask for.
  void steer(bool hold);

  void sent(std::size_t bytes) noexcept { unsent_ += bytes; }
  // How many sent bytes may be told now.
  std::size_t take_sent() noexcept;

 private:
  net::Stream* stream_;
  std::size_t window_;
  std::size_t outstanding_ = 0;
  std::size_t unsent_ = 0;
  bool started_ = false;
  bool paused_ = false;
};

}  // namespace mesh::http
