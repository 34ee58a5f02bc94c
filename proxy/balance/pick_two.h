#pragma once
// pick_two: the power of two choices. Two candidates are drawn at random and the one with the lower
// load wins: nearly as good as asking everybody, at the cost of asking two. Pure but for `random`.
//
// With equal weights the two are distinct. With unequal ones each is drawn in proportion to its
// weight and may be drawn twice, so that at equal load each endpoint gets exactly its share.

#include <cstdint>
#include <span>
#include <utility>

#include "meshkit/base/random.h"

namespace mesh::balance {

// Indices below `count`, distinct when count > 1. count > 0.
std::pair<std::size_t, std::size_t> draw_two(std::size_t count, Random& random) noexcept;

// `cumulative[i]` is the sum of the weights up to and including i; not empty, last one > 0.
std::pair<std::size_t, std::size_t> draw_two_weighted(std::span<const std::uint64_t> cumulative,
                                                      Random& random) noexcept;

}  // namespace mesh::balance
