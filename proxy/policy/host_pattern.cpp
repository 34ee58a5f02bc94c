#include "proxy/policy/host_pattern.h"

#include "proxy/policy/names.h"

namespace mesh::policy {

HostPattern HostPattern::exact(std::string_view host) { return {lower_case(host), false}; }

HostPattern HostPattern::suffix(std::span<const std::string> reverse_labels) {
  std::string text;
  for (auto label = reverse_labels.rbegin(); label != reverse_labels.rend(); ++label) {
    text += '.';
    text += lower_case(*label);
  }
  return {std::move(text), true};
}

std::optional<HostRank> HostPattern::match(std::string_view host) const noexcept {
  if (host.ends_with('.') && !text_.ends_with('.')) host.remove_suffix(1);
  const auto length = static_cast<std::uint32_t>(text_.size());
  if (!is_suffix_) {
    if (!equal_ignoring_case(host, text_)) return std::nullopt;
    return HostRank{2, length};
  }
  if (host.size() <= text_.size()) return std::nullopt;
  if (!equal_ignoring_case(host.substr(host.size() - text_.size()), text_)) return std::nullopt;
  return HostRank{1, length};
}

std::optional<HostRank> match_hosts(std::span<const HostPattern> patterns,
                                    std::string_view host) noexcept {
  if (patterns.empty()) return HostRank{};
  std::optional<HostRank> best;
  for (const HostPattern& pattern : patterns) {
    const auto rank = pattern.match(host);
    if (rank && (!best || *rank > *best)) best = rank;
  }
  return best;
}

}  // namespace mesh::policy
