#pragma once
// H2Callbacks: what nghttp2 calls, as steps of H2Session and H2Stream. Nothing is decided here.

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>

namespace mesh::http {

struct H2Callbacks {
  static void fill(nghttp2_session_callbacks& table);

  // The read callback of every body; the source is its H2Stream.
  static nghttp2_ssize on_read(nghttp2_session*, std::int32_t stream_id, std::uint8_t* buffer,
                               std::size_t room, std::uint32_t* flags, nghttp2_data_source* source,
                               void*) noexcept;

 private:
  struct Receiving;
  struct Sending;
};

}  // namespace mesh::http
