#pragma once
// H2HeadWriter: a Head as nghttp2 wants its fields. Views into the Head: nothing is copied.
//
// What HTTP/2 must not carry is left out: connection-specific fields, `te` other than "trailers",
// host where it repeats :authority. A request without authority takes it from host, one without
// scheme is "http".

#include <nghttp2/nghttp2.h>

#include <cstddef>

#include "meshkit/http/head.h"

namespace mesh::http {

enum class H2FieldLifetime : std::uint8_t {
  borrowed,  // the Head outlives the frame's compression
  copied,    // nghttp2 keeps copies
};

class H2HeadWriter {
 public:
  explicit H2HeadWriter(H2FieldLifetime lifetime) noexcept;

  void request(const Head& head) noexcept;
  void response(const Head& head) noexcept;
  void trailers(const Head& head) noexcept;

  const nghttp2_nv* data() const noexcept { return fields_; }
  std::size_t size() const noexcept { return size_; }

 private:
  static constexpr std::size_t kPseudoFields = 5;

  void put(std::string_view name, std::string_view value, bool never_indexed = false) noexcept;
  void fields(const Head& head, bool skip_host) noexcept;

  std::uint8_t flags_;
  std::size_t size_ = 0;
  char status_[4];
  nghttp2_nv fields_[Head::kMaxFields + kPseudoFields];
};

}  // namespace mesh::http
