#include "meshkit/http/h2_words.h"

#include <nghttp2/nghttp2.h>

namespace mesh::http {

const char* word_for_bad_frame(int library_error) noexcept {
  switch (library_error) {
    case NGHTTP2_ERR_REFUSED_STREAM: return "too_many_streams";
    case NGHTTP2_ERR_FLOW_CONTROL: return "bad_window_update";
    case NGHTTP2_ERR_STREAM_CLOSED: return "frame_on_closed_stream";
    default: return "bad_frame";
  }
}

const char* word_for_goaway(H2Code code) noexcept {
  switch (code) {
    case H2Code::compression_error: return "h2_compression_error";
    case H2Code::flow_control_error: return "h2_flow_control_error";
    case H2Code::frame_size_error: return "h2_frame_size_error";
    case H2Code::stream_closed: return "h2_stream_closed";
    case H2Code::enhance_your_calm: return "h2_glitches";
    case H2Code::internal_error: return "h2_internal_error";
    default: return "h2_protocol_error";
  }
}

H2Failure failure_for(std::ptrdiff_t library_error) noexcept {
  switch (library_error) {
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC: return {H2Code::protocol_error, "bad_preface"};
    case NGHTTP2_ERR_FLOODED: return {H2Code::enhance_your_calm, "unread_replies"};
    case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
      return {H2Code::enhance_your_calm, "continuation_flood"};
    default: return {H2Code::internal_error, "h2_internal_error"};
  }
}

}  // namespace mesh::http
