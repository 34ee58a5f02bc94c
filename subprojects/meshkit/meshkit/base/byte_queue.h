#pragma once
// ByteQueue: a FIFO of bytes in 16 KiB chunks from a BlockPool. An empty queue owns no memory.

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

#include "meshkit/base/block_pool.h"
#include "meshkit/base/bytes.h"

namespace mesh {

class ByteQueue {
 public:
  // `pool` must outlive the queue.
  explicit ByteQueue(BlockPool& pool) noexcept : pool_(&pool) {}
  ByteQueue(ByteQueue&& other) noexcept;
  ByteQueue& operator=(ByteQueue&& other) noexcept;
  ~ByteQueue() { clear(); }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  void append(Bytes bytes) noexcept;
  // Moves everything of `other` (same pool) to the end of this queue without copying.
  void append(ByteQueue&& other) noexcept;

  // Room for at least `bytes` (<= kChunkBytes) contiguous bytes at the end; then `commit` what was
  // written. The span may be longer than asked for.
  MutableBytes reserve(std::size_t bytes) noexcept;
  void commit(std::size_t bytes) noexcept;

  // The first contiguous run; empty when the queue is.
  Bytes front() const noexcept;
  // Fills up to `capacity` entries with the leading runs, returns how many.
  int gather(iovec* out, int capacity) const noexcept;
  // Drops the first `bytes` (<= size()).
  void consume(std::size_t bytes) noexcept;
  void clear() noexcept;

  static constexpr std::size_t kChunkBytes = 16 * 1024 + 512;  // one full TLS record and its frame

 private:
  struct Chunk;
  Chunk* add_chunk(std::size_t room) noexcept;

  BlockPool* pool_;
  Chunk* first_ = nullptr;
  Chunk* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace mesh
