#include "proxy/balance/pick_two.h"

#include <algorithm>

namespace mesh::balance {
namespace {

std::size_t draw_weighted(std::span<const std::uint64_t> cumulative, Random& random) noexcept {
  const auto total = static_cast<double>(cumulative.back());
  const auto point = static_cast<std::uint64_t>(random.unit() * total);
  const auto at = std::upper_bound(cumulative.begin(), cumulative.end(), point);
  const auto index = static_cast<std::size_t>(at - cumulative.begin());
  return std::min(index, cumulative.size() - 1);
}

}  // namespace

std::pair<std::size_t, std::size_t> draw_two(std::size_t count, Random& random) noexcept {
  const auto size = static_cast<std::uint32_t>(count);
  const std::uint32_t first = random.below(size);
  if (size == 1) return {first, first};
  const std::uint32_t other = random.below(size - 1);
  return {first, other >= first ? other + 1 : other};
}

std::pair<std::size_t, std::size_t> draw_two_weighted(std::span<const std::uint64_t> cumulative,
                                                      Random& random) noexcept {
  return {draw_weighted(cumulative, random), draw_weighted(cumulative, random)};
}

}  // namespace mesh::balance
