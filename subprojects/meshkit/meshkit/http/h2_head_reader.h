#pragma once
// H2HeadReader: one received field block of HTTP/2, from decompressed fields to a checked Head.
//
// It holds messages to RFC 9113 section 8 and to what stays unambiguous when they are written as
// HTTP/1: pseudo-fields known, in front, once, and complete; names lower-case tokens; values free
// of CR, LF, NUL and outer blanks; no connection-specific field; `te` only "trailers"; one
// content-length, decimal; host equal to :authority, and known by the Head as authority(). The
// first fault is kept as a static word for metrics; the block is then read to its end without
// effect (HPACK needs that).
//
// Checking here rather than in nghttp2 makes a malformed message an error of its stream: nghttp2
// would end the connection, and one client of a gateway could cut off all others.

#include <cstdint>
#include <string_view>

#include "meshkit/base/bytes.h"
#include "meshkit/http/head.h"

namespace mesh::http {

enum class H2HeadKind : std::uint8_t { request, response, trailers };

class H2HeadReader {
 public:
  // `limit`: as RFC 9113 section 6.5.2 counts. `pool` must outlive the reader.
  H2HeadReader(BlockPool& pool, std::size_t limit) noexcept;

  void begin(H2HeadKind kind) noexcept;
  void add(std::string_view name, std::string_view value) noexcept;
  // After the last field. True when the head is well-formed and within the limit.
  bool finish() noexcept;

  Head& head() noexcept { return head_; }
  const char* fault() const noexcept { return fault_; }  // null: none
  bool is_too_large() const noexcept { return size_ > limit_; }
  // Fields far above the limit: not a large head but an attack.
  bool is_bomb() const noexcept { return size_ > 16 * limit_; }
  std::int64_t content_length() const noexcept { return content_length_; }  // -1: none
  void release() noexcept { head_.release(); }

 private:
  void add_pseudo(std::string_view name, std::string_view value) noexcept;
  void add_field(std::string_view name, std::string_view value) noexcept;
  void finish_request() noexcept;
  void fail(const char* fault) noexcept {
    if (fault_ == nullptr) fault_ = fault;
  }

  Head head_;
  const std::size_t limit_;
  std::size_t size_ = 0;
  std::int64_t content_length_ = -1;
  const char* fault_ = nullptr;
  H2HeadKind kind_ = H2HeadKind::request;
  bool fields_began_ = false;
};

}  // namespace mesh::http
