#include "meshkit/base/byte_queue.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace mesh {

//   | Chunk | consumed | bytes to come | room |
//                      ^ begin         ^ end  ^ capacity
struct ByteQueue::Chunk {
  Chunk* next;
  std::uint32_t begin;
  std::uint32_t end;
  std::uint32_t capacity;

  std::uint8_t* data() noexcept { return reinterpret_cast<std::uint8_t*>(this + 1); }
  std::size_t room() const noexcept { return capacity - end; }
  std::size_t length() const noexcept { return end - begin; }
};

ByteQueue::ByteQueue(ByteQueue&& other) noexcept
    : pool_(other.pool_),
      first_(std::exchange(other.first_, nullptr)),
      last_(std::exchange(other.last_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

ByteQueue& ByteQueue::operator=(ByteQueue&& other) noexcept {
  if (this == &other) return *this;
  clear();
  pool_ = other.pool_;
  first_ = std::exchange(other.first_, nullptr);
  last_ = std::exchange(other.last_, nullptr);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

// Small messages get small chunks, so that a queue of a few bytes does not pin 16 KiB.
ByteQueue::Chunk* ByteQueue::add_chunk(std::size_t room) noexcept {
  const std::size_t wanted = room <= 1000 ? 1000 : (room <= 4000 ? 4000 : kChunkBytes);
  auto* chunk = static_cast<Chunk*>(pool_->allocate(sizeof(Chunk) + wanted));
  chunk->next = nullptr;
  chunk->begin = chunk->end = 0;
  chunk->capacity = static_cast<std::uint32_t>(BlockPool::usable_size(chunk) - sizeof(Chunk));
  (last_ == nullptr ? first_ : last_->next) = chunk;
  last_ = chunk;
  return chunk;
}

void ByteQueue::append(Bytes bytes) noexcept {
  size_ += bytes.size();
  while (!bytes.empty()) {
    Chunk* chunk = last_;
    if (chunk == nullptr || chunk->room() == 0) chunk = add_chunk(size_);
    const std::size_t n = std::min(bytes.size(), chunk->room());
    std::memcpy(chunk->data() + chunk->end, bytes.data(), n);
    chunk->end += static_cast<std::uint32_t>(n);
    bytes = bytes.subspan(n);
  }
}

void ByteQueue::append(ByteQueue&& other) noexcept {
  if (other.first_ == nullptr) return;
  if (last_ == nullptr) {
    *this = std::move(other);
    return;
  }
  last_->next = std::exchange(other.first_, nullptr);
  last_ = std::exchange(other.last_, nullptr);
  size_ += std::exchange(other.size_, 0);
}

MutableBytes ByteQueue::reserve(std::size_t bytes) noexcept {
  if (bytes > kChunkBytes) std::abort();
  Chunk* chunk = last_;
  if (chunk == nullptr || chunk->room() < bytes) chunk = add_chunk(bytes);
  return {chunk->data() + chunk->end, chunk->room()};
}

void ByteQueue::commit(std::size_t bytes) noexcept {
  last_->end += static_cast<std::uint32_t>(bytes);
  size_ += bytes;
}

Bytes ByteQueue::front() const noexcept {
  for (Chunk* chunk = first_; chunk != nullptr; chunk = chunk->next)
    if (chunk->length() != 0) return {chunk->data() + chunk->begin, chunk->length()};
  return {};
}

int ByteQueue::gather(iovec* out, int capacity) const noexcept {
  int count = 0;
  for (Chunk* chunk = first_; chunk != nullptr && count < capacity; chunk = chunk->next) {
    if (chunk->length() == 0) continue;
    out[count++] = {chunk->data() + chunk->begin, chunk->length()};
  }
  return count;
}

void ByteQueue::consume(std::size_t bytes) noexcept {
  size_ -= bytes;
  while (first_ != nullptr) {
    const std::size_t n = std::min(bytes, first_->length());
    first_->begin += static_cast<std::uint32_t>(n);
    bytes -= n;
    // The last chunk goes only when nothing is queued: a reservation may still point into it.
    if (first_->length() != 0 || (first_ == last_ && size_ != 0)) break;
    Chunk* next = first_->next;
    pool_->free(first_);
    first_ = next;
    if (first_ == nullptr) last_ = nullptr;
  }
}

void ByteQueue::clear() noexcept {
  while (first_ != nullptr) pool_->free(std::exchange(first_, first_->next));
  last_ = nullptr;
  size_ = 0;
}

}  // namespace mesh
