#pragma once
// Slab: objects of one type, created and destroyed often, with their memory kept for the next one.

#include <new>
#include <utility>

#include "meshkit/base/block_pool.h"

namespace mesh {

template <class T>
class Slab {
 public:
  explicit Slab(BlockPool& pool) noexcept : pool_(&pool) {}

  // The caller owns the object and ends it with `destroy` of the same Slab.
  template <class... Args>
  T* create(Args&&... args) {
    static_assert(alignof(T) <= 16);
    return ::new (pool_->allocate(sizeof(T))) T(std::forward<Args>(args)...);
  }
  void destroy(T* object) noexcept {
    object->~T();
    pool_->free(object);
  }

 private:
  BlockPool* pool_;
};

}  // namespace mesh
