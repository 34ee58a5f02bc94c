#include "meshkit/tls/record_splitter.h"

#include <algorithm>
#include <cstring>

#include "meshkit/tls/record_protection.h"

namespace mesh::tls {

Bytes RecordSplitter::next(Bytes& bytes) noexcept {
  if (is_handed_out_) drop_block();
  if (has_failed_) return {};
  return have_ == 0 ? take_whole(bytes) : take_rest(bytes);
}

// The usual case: a record begins here, and all of it has come.
Bytes RecordSplitter::take_whole(Bytes& bytes) noexcept {
  if (bytes.size() >= kRecordHeader) {
    const std::size_t size = record_size(bytes.data());
    if (size == 0) return {};
    if (bytes.size() >= size) {
      const Bytes record = bytes.first(size);
      bytes = bytes.subspan(size);
      return record;
    }
  }
  return take_rest(bytes);
}

Bytes RecordSplitter::take_rest(Bytes& bytes) noexcept {
  if (block_ == nullptr) {
    fill(header_, bytes, kRecordHeader);
    if (have_ < kRecordHeader) return {};
    const std::size_t size = record_size(header_);
    if (size == 0) return {};
    block_ = static_cast<std::uint8_t*>(pool_->allocate(size));
    std::memcpy(block_, header_, kRecordHeader);
  }
  const std::size_t size = kRecordHeader + load_be16(block_ + 3);
  fill(block_, bytes, size);
  if (have_ < size) return {};
  have_ = 0;
  is_handed_out_ = true;
  return {block_, size};
}

void RecordSplitter::fill(std::uint8_t* record, Bytes& bytes, std::size_t wanted) noexcept {
  const std::size_t n = std::min(bytes.size(), wanted - have_);
  if (n == 0) return;
  std::memcpy(record + have_, bytes.data(), n);
  have_ = static_cast<std::uint16_t>(have_ + n);
  bytes = bytes.subspan(n);
}

std::size_t RecordSplitter::record_size(const std::uint8_t* header) noexcept {
  const std::size_t length = load_be16(header + 3);
  has_failed_ = header[0] != static_cast<std::uint8_t>(ContentType::application_data) ||
                header[1] != 3 || header[2] != 3 || length > kMaxCiphertext ||
                length < kRecordSuffix;
  return has_failed_ ? 0 : kRecordHeader + length;
}

void RecordSplitter::drop_block() noexcept {
  pool_->free(block_);
  block_ = nullptr;
  is_handed_out_ = false;
}

}  // namespace mesh::tls
