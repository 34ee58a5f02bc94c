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
  ~RecordSplitter() { drop_block(); }

  // The next whole record, header included, taken from the front of `bytes`; valid until the next
  // call. Empty when there is none: then all of `bytes` was taken, or the stream has_failed().
  Bytes next(Bytes& bytes) noexcept;

  // A header came that no protected TLS 1.3 record has: wrong type, version or length. No record
  // follows it.
  bool has_failed() const noexcept { return has_failed_; }
  bool is_inside_record() const noexcept { return have_ != 0; }

 private:
  Bytes take_whole(Bytes& bytes) noexcept;
  Bytes take_rest(Bytes& bytes) noexcept;
  std::size_t record_size(const std::uint8_t* header) noexcept;
  void fill(std::uint8_t* record, Bytes& bytes, std::size_t wanted) noexcept;
  void drop_block() noexcept;

  BlockPool* pool_;
  std::uint8_t* block_ = nullptr;  // a record, partial or handed out
  std::uint16_t have_ = 0;  // bytes of a partial record; up to a header's they are in header_
  bool is_handed_out_ = false;
  bool has_failed_ = false;
  std::uint8_t header_[5];
};

}  // namespace mesh::tls
