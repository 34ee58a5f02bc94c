#include "proxy/policy/meta.h"

namespace mesh::policy {

std::string Meta::text() const {
  if (is_built_in()) return "default " + name;
  std::string text = group.empty() ? kind : group + '/' + kind;
  text += ' ';
  if (!name_space.empty()) text += name_space + '/';
  text += name;
  if (!section.empty()) text += '/' + section;
  if (port != 0) text += ':' + std::to_string(port);
  return text;
}

}  // namespace mesh::policy
