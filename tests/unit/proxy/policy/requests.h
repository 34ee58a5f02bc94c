#pragma once
// Requests for routing tests.

#include <string_view>
#include <utility>
#include <vector>

#include "proxy/policy/request_view.h"

namespace mesh::policy::test {

class FakeFields final : public FieldSource {
 public:
  FakeFields() = default;
  FakeFields(std::initializer_list<std::pair<std::string_view, std::string_view>> fields)
      : fields_(fields) {}

  std::optional<std::string_view> find(std::string_view name, std::size_t nth) const override {
    for (const auto& [field, value] : fields_)
      if (field == name && nth-- == 0) return value;
    return std::nullopt;
  }

 private:
  std::vector<std::pair<std::string_view, std::string_view>> fields_;
};

inline const FakeFields kNoFields;

inline RequestView get(std::string_view path, std::string_view authority = "web",
                       const FakeFields& fields = kNoFields) {
  return {"GET", authority, path, fields};
}

inline RequestView call(std::string_view path, const FakeFields& fields = kNoFields) {
  return {"POST", "web", path, fields};
}

}  // namespace mesh::policy::test
