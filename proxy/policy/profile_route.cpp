#include "proxy/policy/profile_route.h"

#include <algorithm>

namespace mesh::policy {

bool RequestCondition::holds(std::string_view request_method, std::string_view request_path) const {
  const auto part_holds = [&](const RequestCondition& part) {
    return part.holds(request_method, request_path);
  };
  switch (junction) {
    case Junction::all: return std::all_of(parts.begin(), parts.end(), part_holds);
    case Junction::any: return std::any_of(parts.begin(), parts.end(), part_holds);
    case Junction::negation: return std::none_of(parts.begin(), parts.end(), part_holds);
    case Junction::leaf: break;
  }
  return path ? path->matches(request_path) : method == request_method;
}

bool ResponseCondition::holds(std::uint16_t status) const noexcept {
  const auto part_holds = [&](const ResponseCondition& part) { return part.holds(status); };
  switch (junction) {
    case Junction::all: return std::all_of(parts.begin(), parts.end(), part_holds);
    case Junction::any: return std::any_of(parts.begin(), parts.end(), part_holds);
    case Junction::negation: return std::none_of(parts.begin(), parts.end(), part_holds);
    case Junction::leaf: break;
  }
  return status >= first_status && status <= last_status;
}

std::optional<bool> ProfileRoute::is_failure(std::uint16_t status) const noexcept {
  for (const ResponseRule& rule : response_rules)
    if (rule.condition.holds(status)) return rule.is_failure;
  return std::nullopt;
}

const ProfileRoute* choose_profile_route(const std::vector<ProfileRoute>& routes,
                                         std::string_view method, std::string_view path) {
  path = path.substr(0, path.find('?'));
  const auto at = std::find_if(routes.begin(), routes.end(), [&](const ProfileRoute& route) {
    return route.condition.holds(method, path);
  });
  return at == routes.end() ? nullptr : &*at;
}

}  // namespace mesh::policy
