#include "meshkit/base/slab.h"

#include <doctest/doctest.h>

#include <memory>

namespace mesh {
namespace {

TEST_SUITE("base/slab") {
  TEST_CASE("constructs and destroys in memory that it keeps") {
    BlockPool pool;
    Slab<std::shared_ptr<int>> slab(pool);
    const auto counted = std::make_shared<int>(1);

    auto* first = slab.create(counted);
    CHECK(counted.use_count() == 2);
    slab.destroy(first);
    CHECK(counted.use_count() == 1);
    auto* second = slab.create(counted);

    CHECK(second == first);
    CHECK(pool.system_allocations() == 1);
    slab.destroy(second);
  }
}

}  // namespace
}  // namespace mesh
