#include "proxy/policy/path_pattern.h"

namespace mesh::policy {
namespace {

PathRank rank(PathKind kind, std::string_view path) noexcept {
  return {kind, static_cast<std::uint32_t>(path.size())};
}

bool has_segments(std::string_view path, std::string_view prefix) noexcept {
  if (!path.starts_with(prefix)) return false;
  return prefix.empty() || path.size() == prefix.size() || path[prefix.size()] == '/';
}

}  // namespace

PathPattern PathPattern::prefix(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return PathPattern(Prefix{std::string(path)});
}

std::optional<PathRank> PathPattern::match(std::string_view path) const {
  if (const auto* exact = std::get_if<Exact>(&kind_)) {
    if (path != exact->path) return std::nullopt;
    return rank(PathKind::exact, path);
  }
  if (const auto* prefix = std::get_if<Prefix>(&kind_)) {
    if (!has_segments(path, prefix->path)) return std::nullopt;
    return rank(PathKind::prefix, prefix->path);
  }
  if (!std::get<Regex>(kind_).matches(path)) return std::nullopt;
  return rank(PathKind::regex, path);
}

}  // namespace mesh::policy
