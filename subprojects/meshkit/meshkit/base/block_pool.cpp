#include "meshkit/base/block_pool.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

namespace mesh {
namespace {

// Stands before every block and says which class it returns to.
struct alignas(16) BlockHead {
  std::size_t size;         // usable bytes after this head
  std::int32_t size_class;  // -1: too large for a class
};

int class_for(std::size_t bytes) noexcept {
  const std::size_t rounded = std::bit_ceil(std::max(bytes, BlockPool::kSmallest));
  return std::countr_zero(rounded) - std::countr_zero(BlockPool::kSmallest);
}

BlockHead* head_of(void* block) noexcept { return static_cast<BlockHead*>(block) - 1; }

void* system_block(std::size_t bytes, int size_class) noexcept {
  void* memory = std::malloc(sizeof(BlockHead) + bytes);
  if (memory == nullptr) std::abort();
  auto* head = static_cast<BlockHead*>(memory);
  head->size = bytes;
  head->size_class = size_class;
  return head + 1;
}

}  // namespace

BlockPool::~BlockPool() {
  if (in_use_ != 0) std::abort();  // a block outlives its pool: its owner holds a dangling pointer
  trim(0);
}

void* BlockPool::allocate(std::size_t bytes) noexcept {
  const int size_class = bytes > kLargest ? -1 : class_for(bytes);
  void* block = nullptr;
  if (size_class >= 0 && free_[static_cast<std::size_t>(size_class)] != nullptr) {
    FreeBlock*& list = free_[static_cast<std::size_t>(size_class)];
    block = list;
    list = list->next;
    idle_ -= head_of(block)->size;
  } else {
    ++system_allocations_;
    block = system_block(size_class < 0 ? bytes : kSmallest << size_class, size_class);
  }
  in_use_ += head_of(block)->size;
  return block;
}

void BlockPool::free(void* block) noexcept {
  if (block == nullptr) return;
  BlockHead* head = head_of(block);
  in_use_ -= head->size;
  if (head->size_class < 0) return std::free(head);
  FreeBlock*& list = free_[static_cast<std::size_t>(head->size_class)];
  auto* node = static_cast<FreeBlock*>(block);
  idle_ += head->size;
  node->next = list;
  list = node;
}

void* BlockPool::reallocate(void* block, std::size_t bytes) noexcept {
  if (block == nullptr) return allocate(bytes);
  const std::size_t old_size = head_of(block)->size;
  if (bytes <= old_size) return block;
  void* larger = allocate(bytes);
  std::memcpy(larger, block, old_size);
  free(block);
  return larger;
}

std::size_t BlockPool::usable_size(const void* block) noexcept {
  return (static_cast<const BlockHead*>(block) - 1)->size;
}

void BlockPool::trim(std::size_t keep) noexcept {
  // Large blocks first: they free the most with the fewest calls.
  for (std::size_t i = free_.size(); i-- > 0 && idle_ > keep;) {
    while (free_[i] != nullptr && idle_ > keep) {
      FreeBlock* block = free_[i];
      free_[i] = block->next;
      BlockHead* head = head_of(block);
      idle_ -= head->size;
      std::free(head);
    }
  }
}

}  // namespace mesh
