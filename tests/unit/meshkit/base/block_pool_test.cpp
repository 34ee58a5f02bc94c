#include "meshkit/base/block_pool.h"

#include <doctest/doctest.h>

#include <cstring>

namespace mesh {
namespace {

TEST_SUITE("base/block_pool") {
  TEST_CASE("hands out again what came back, without asking the system") {
    BlockPool pool;
    void* first = pool.allocate(1000);
    pool.free(first);

    void* second = pool.allocate(900);

    CHECK(second == first);
    CHECK(pool.system_allocations() == 1);
    pool.free(second);
  }

  TEST_CASE("blocks have at least the size asked for and suit any type") {
    BlockPool pool;
    for (std::size_t size = 0; size < 300'000; size = size * 2 + 1) {
      void* block = pool.allocate(size);
      CHECK(BlockPool::usable_size(block) >= size);
      CHECK(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t) == 0);
      std::memset(block, 0xab, size);
      pool.free(block);
    }
  }

  TEST_CASE("the largest class is recycled, what is beyond goes back to the system") {
    BlockPool pool;

    pool.free(pool.allocate(BlockPool::kLargest));
    CHECK(pool.bytes_idle() == BlockPool::kLargest);
    pool.free(pool.allocate(BlockPool::kLargest + 1));

    CHECK(pool.bytes_idle() == BlockPool::kLargest);
  }

  TEST_CASE("counts what is in use and what lies idle") {
    BlockPool pool;
    void* block = pool.allocate(1024);
    CHECK(pool.bytes_in_use() == 1024);
    CHECK(pool.bytes_idle() == 0);

    pool.free(block);

    CHECK(pool.bytes_in_use() == 0);
    CHECK(pool.bytes_idle() == 1024);
  }

  TEST_CASE("reallocation keeps the contents and stays in place while it fits") {
    BlockPool pool;
    auto* block = static_cast<char*>(pool.reallocate(nullptr, 40));
    std::strcpy(block, "kept");

    CHECK(pool.reallocate(block, 64) == block);
    auto* larger = static_cast<char*>(pool.reallocate(block, 5000));

    CHECK(std::strcmp(larger, "kept") == 0);
    pool.free(larger);
    CHECK(pool.bytes_in_use() == 0);
  }

  TEST_CASE("trims idle blocks down to what should be kept") {
    BlockPool pool;
    void* large = pool.allocate(BlockPool::kLargest);
    void* small = pool.allocate(32);
    pool.free(large);
    pool.free(small);

    pool.trim(64);
    CHECK(pool.bytes_idle() == 32);
    pool.trim(0);

    CHECK(pool.bytes_idle() == 0);
  }

  TEST_CASE("freeing nothing is allowed") {
    BlockPool pool;
    pool.free(nullptr);
    CHECK(pool.bytes_in_use() == 0);
  }
}

}  // namespace
}  // namespace mesh
