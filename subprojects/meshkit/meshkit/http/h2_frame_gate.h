#pragma once
// H2FrameGate: looks at received frames before nghttp2 reads them, and cuts out the few that it
// would answer in a way of its own.
//
// nghttp2 ends the connection when one stream's window overflows or is opened by nothing; RFC 9113
// section 6.9 asks for that stream alone. It does not look at PRIORITY (section 6.3), and drops
// DATA of closed streams without a word (section 5.1). All other bytes pass as they came, in as
// long runs as possible. Pure.
//
//   | length: 3 | type: 1 | flags: 1 | stream: 4 | payload |

#include <array>
#include <cstddef>
#include <cstdint>

#include "meshkit/base/bytes.h"

namespace mesh::http {

class H2FrameGate {
 public:
  enum class Kind : std::uint8_t {
    pass,           // for nghttp2
    hold,           // nothing yet: the beginning of a frame was put aside
    window_update,  // of a stream, by nothing or by so much that it may overflow
    bad_priority,   // of stream 0, or depending on itself
    data,           // DATA of a stream that seems closed comes next; no bytes
  };
  class Streams {
   public:
    virtual bool is_closed_stream(std::int32_t stream_id) const = 0;

   protected:
    ~Streams() = default;
  };
  struct Piece {
    Kind kind = Kind::pass;
    Bytes bytes;                  // valid until the next call
    std::int32_t stream_id = 0;   // window_update, data
    std::uint32_t increment = 0;  // window_update
  };

  // `skip`: bytes before the first frame (the client's preface).
  H2FrameGate(const Streams& streams, std::size_t skip) noexcept : streams_(streams), left_(skip) {}

  // The next piece of `bytes`, which is not empty; `bytes` becomes what follows it.
  Piece next(Bytes& bytes) noexcept;

 private:
  static constexpr std::size_t kHead = 9;
  static constexpr std::size_t kLongest = kHead + 5;  // of a frame that is put aside

  bool is_suspicious(const std::uint8_t* frame) noexcept;
  Piece next_held(Bytes& bytes) noexcept;
  Piece hold(Bytes& bytes) noexcept;

  const Streams& streams_;
  std::size_t left_;           // bytes of the current frame that pass unseen
  bool reset_seen_ = false;    // since the last piece: streams_ does not know of it yet
  bool data_checked_ = false;  // of the DATA frame that comes next
  std::uint8_t held_size_ = 0;
  std::array<std::uint8_t, kLongest> held_{};
};

}  // namespace mesh::http
