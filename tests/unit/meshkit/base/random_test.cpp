#include "meshkit/base/random.h"

#include <doctest/doctest.h>

#include <array>

namespace mesh {
namespace {

TEST_SUITE("base/random") {
  TEST_CASE("the same seed gives the same sequence, another seed another") {
    Random one(7), same(7), other(8);

    const std::uint64_t first = one.next();

    CHECK(same.next() == first);
    CHECK(other.next() != first);
  }

  TEST_CASE("stays below its bound and reaches every value evenly") {
    Random random(1);
    std::array<int, 10> hits{};

    for (int i = 0; i < 100'000; ++i) ++hits.at(random.below(10));

    for (const int n : hits) {
      CHECK(n > 9'500);
      CHECK(n < 10'500);
    }
  }

  TEST_CASE("a unit lies in [0, 1) and averages a half") {
    Random random(1);
    double sum = 0;
    bool inside = true;

    for (int i = 0; i < 100'000; ++i) {
      const double unit = random.unit();
      inside = inside && unit >= 0 && unit < 1;
      sum += unit;
    }

    CHECK(inside);
    CHECK(sum / 100'000 == doctest::Approx(0.5).epsilon(0.01));
  }
}

}  // namespace
}  // namespace mesh
