#pragma once
// Meta: which object of the control plane a policy, route, backend or authorization came from.
//
// It labels metrics and answers "which rule did this?". Something built in has an empty group, the
// kind "default" and the built-in's name.

#include <cstdint>
#include <string>
#include <string_view>

namespace mesh::policy {

struct Meta {
  std::string group;
  std::string kind;
  std::string name;
  std::string name_space;
  std::string section;     // empty: the whole object
  std::uint16_t port = 0;  // 0: none

  static Meta built_in(std::string_view name) {
    return Meta{"", "default", std::string(name), "", "", 0};
  }

  bool is_built_in() const noexcept { return group.empty() && kind == "default"; }
  bool is_built_in(std::string_view which) const noexcept { return is_built_in() && name == which; }

  // "core/Service shop/web:80", "default fallback": for people and for keys.
  std::string text() const;
  friend bool operator==(const Meta&, const Meta&) = default;
};

}  // namespace mesh::policy
