#pragma once
// RequestView: as much of a request as routing looks at, without copying any of it.
//
// Every view must live for the call it is given to.

#include <cstddef>
#include <optional>
#include <string_view>

namespace mesh::policy {

// The header fields of a request, whatever holds them.
class FieldSource {
 public:
  // The value of the `nth` (from 0) field of that name, which is in lower case.
  virtual std::optional<std::string_view> find(std::string_view name, std::size_t nth) const = 0;

 protected:
  ~FieldSource() = default;
};

struct RequestView {
  std::string_view method;
  std::string_view authority;  // of :authority, an absolute URI or Host; may be empty
  std::string_view path;       // may have a query
  const FieldSource& fields;
};

}  // namespace mesh::policy
