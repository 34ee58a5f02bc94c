#pragma once
// h2_words: the static words by which metrics know what nghttp2 found wrong.

#include <cstddef>
#include <cstdint>

#include "meshkit/http/message.h"

namespace mesh::http {

// A frame that nghttp2 did not accept; NGHTTP2_ERR_*.
const char* word_for_bad_frame(int library_error) noexcept;
// A connection error that nghttp2 ended the connection with.
const char* word_for_goaway(H2Code code) noexcept;

// Received bytes that nghttp2 could not go on from; NGHTTP2_ERR_*.
struct H2Failure {
  H2Code code;
  const char* reason;
};
H2Failure failure_for(std::ptrdiff_t library_error) noexcept;

}  // namespace mesh::http
