#pragma once
// Handle: the memory of one libuv handle and of the requests made on it.
//
// libuv keeps using that memory until the close callback, so it is a block of its own: the owner
// may die first, and after that no callback finds an owner. Destroying a Handle closes it, and
// closing is how everything waited for on it is cancelled.
//
// `Block` is a struct whose first member `handle` is the uv handle; requests stand beside it.
// Callbacks reach the owner through `handle.data`, which is null once the Handle is closed.

#include <uv.h>

#include <type_traits>
#include <utility>

namespace mesh {

template <class Block>
class Handle {
 public:
  Handle() noexcept = default;
  Handle(Handle&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      close();
      block_ = std::exchange(other.block_, nullptr);
    }
    return *this;
  }
  ~Handle() { close(); }

  explicit operator bool() const noexcept { return block_ != nullptr; }
  Block* operator->() const noexcept { return block_; }
  Block* get() const noexcept { return block_; }

  // Makes the block, closing what was held. The caller initialises `->handle` with libuv at once.
  Block* create(void* owner) {
    close();
    block_ = new Block;
    block_->handle.data = owner;
    return block_;
  }

  // For a uv_*_init that failed: libuv does not know the block, so it is only freed.
  void discard() noexcept { delete std::exchange(block_, nullptr); }

  void close() noexcept {
    if (block_ == nullptr) return;
    block_->handle.data = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(&block_->handle), &free_block);
    block_ = nullptr;
  }

  // For the uv_*_close variants that take the callback themselves.
  Block* release() noexcept { return std::exchange(block_, nullptr); }
  static void free_block(uv_handle_t* handle) noexcept {
    static_assert(std::is_standard_layout_v<Block>, "`handle` must be at the start of the block");
    delete reinterpret_cast<Block*>(handle);
  }

 private:
  Block* block_ = nullptr;
};

}  // namespace mesh
