#include "meshkit/base/slab.h"

#include <doctest/doctest.h>

namespace mesh {
namespace {

struct Counted {
  explicit Counted(int& count) : alive(count) { ++alive; }
  ~Counted() { --alive; }
  int& alive;
};

TEST_SUITE("base/slab") {
  TEST_CASE("constructs and destroys in memory that it keeps") {
    BlockPool pool;
    Slab<Counted> slab(pool);
    int alive = 0;

    Counted* first = slab.create(alive);
    CHECK(alive == 1);
    slab.destroy(first);
    CHECK(alive == 0);
    Counted* second = slab.create(alive);

    CHECK(second == first);
    CHECK(pool.system_allocations() == 1);
    slab.destroy(second);
  }
}

}  // namespace
}  // namespace mesh
