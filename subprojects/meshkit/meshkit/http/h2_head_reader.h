#pragma once
// H2HeadReader: one received field block of HTTP/2, from decompressed fields to a checked Head.
//
// It holds messages to RFC 9113 section 8 and to what stays unambiguous when they are written as
// HTTP/1: pseudo-fields known, in front, once, and complete; names lower-case tokens; values free
// of CR, LF, NUL and outer blanks; no connection-specific field; `te` only "trailers"; one decimal
// content-length; host equal to :authority. The host is known afterwards as authority() and is no
// field; cookie crumbs are one field again (section 8.2.3). The first fault is kept as a static
// word for metrics; the block is then read to its end without effect (HPACK needs that).
//
// Checking here rather than in nghttp2 makes a malformed message an error of its stream: nghttp2
// would end the connection, and one client of a gateway could cut off all others.

#include <cstdint>
#include <string_view>

#include "meshkit/http/head.h"

namespace mesh::http {

enum class H2HeadKind : std::uint8_t { request, response, trailers };

class H2HeadReader {
 public:
  // `limit`: as RFC 9113 section 6.5.2 counts. `pool` must outlive the reader.
  H2HeadReader(BlockPool& pool, std::size_t limit) noexcept;

  void begin(H2HeadKind kind) noexcept;
  // `never_indexed`: RFC 7541 section 6.2.3.
  void add(std::string_view name, std::string_view value, bool never_indexed = false) noexcept;
  // After the last field. True when the head is well-formed and within the limit.
  bool finish() noexcept;

  Head& head() noexcept { return head_; }
  H2HeadKind kind() const noexcept { return kind_; }
  const char* fault() const noexcept { return fault_; }  // null: none
  bool is_too_large() const noexcept { return size_ > limit_; }
  // Fields far above the limit: not a large head but an attack on the decompressor.
  bool is_bomb() const noexcept { return size_ > kBombFactor * limit_; }
  std::int64_t content_length() const noexcept { return content_length_; }  // -1: none
  void release() noexcept { head_.release(); }

 private:
  static constexpr std::size_t kBombFactor = 16;

  void add_pseudo(std::string_view name, std::string_view value) noexcept;
  bool set_pseudo(Token token, std::string_view value) noexcept;
  void add_field(std::string_view name, std::string_view value, bool never_indexed) noexcept;
  void check_field(Token token, std::string_view value) noexcept;
  void read_length(std::string_view value) noexcept;
  void read_host(std::string_view value) noexcept;
  void finish_request() noexcept;
  void finish_response() noexcept;
  void join_cookies() noexcept;
  void fail(const char* fault) noexcept {
    if (fault_ == nullptr) fault_ = fault;
  }

  BlockPool& pool_;
  Head head_;
  const std::size_t limit_;
  std::size_t size_ = 0;
  std::size_t cookie_bytes_ = 0;
  std::int64_t content_length_ = -1;
  const char* fault_ = nullptr;
  H2HeadKind kind_ = H2HeadKind::request;
  std::uint8_t seen_ = 0;  // pseudo-fields, a bit each
  std::uint8_t cookies_ = 0;
  bool fields_began_ = false;
  bool host_seen_ = false;
};

}  // namespace mesh::http
