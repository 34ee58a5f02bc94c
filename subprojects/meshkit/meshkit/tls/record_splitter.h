#pragma once
// RecordSplitter: finds the TLS records in a stream of bytes that arrives in arbitrary pieces.
//
// Whole records are handed out where they lie. Only a record that arrived in part is copied, into a
// pool block of just its size that is given back as soon as the record has been used; between
// records nothing is owned.

#include <cstddef>
#include <cstdint>

#include "meshkit/base/block_pool.h"
#include "meshkit/base/bytes.h"

namespace mesh::tls {

class RecordSplitter {
 public:
  // `pool` must outlive this.
  explicit RecordSplitter(BlockPool& pool) noexcept : pool_(&pool) {}
  RecordSplitter(const RecordSplitter&) = delete;
  RecordSplitter& operator=(const RecordSplitter&) = delete;
  ~RecordSplitter() { pool_->free(block_); }

  // The next whole record, header included, taken from the front of `bytes`; valid until the next
  // call. Empty when there is none: then all of `bytes` was taken, or the stream has_failed().
  Bytes next(Bytes& bytes) noexcept;

  // How many bytes the next record needs in all, if its header is there; else 0. Takes nothing.
  std::size_t peek_size(Bytes bytes) const noexcept;

  // A header that no protected TLS 1.3 record has: wrong type or version, or too long.
  bool has_failed() const noexcept { return has_failed_; }
  bool is_inside_record() const noexcept { return have_ != 0; }

 private:
  std::size_t record_size(const std::uint8_t* header) noexcept;
  void keep(Bytes& bytes, std::size_t wanted) noexcept;

  BlockPool* pool_;
  std::uint8_t* block_ = nullptr;
  std::uint16_t have_ = 0;  // bytes of the record that are kept, in header_ or block_
  bool is_handed_out_ = false;
  bool has_failed_ = false;
  std::uint8_t header_[5];
};

}  // namespace mesh::tls
