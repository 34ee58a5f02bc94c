#pragma once
// HeadFields: a message's head as routing looks at it.

#include "meshkit/http/head.h"
#include "proxy/policy/request_view.h"

namespace mesh::policy {

class HeadFields final : public FieldSource {
 public:
  // `head` must outlive it, unchanged.
  explicit HeadFields(const http::Head& head) noexcept : head_(head) {}

  std::optional<std::string_view> find(std::string_view name, std::size_t nth) const override {
    for (std::size_t i = 0; i < head_.size(); ++i) {
      const http::Head::Field field = head_[i];
      if (field.name == name && nth-- == 0) return field.value;
    }
    return std::nullopt;
  }

 private:
  const http::Head& head_;
};

// :authority or an absolute URI's authority; else the Host field.
inline std::string_view authority_of(const http::Head& request) noexcept {
  if (!request.authority().empty()) return request.authority();
  return request.find(http::Token::kHost).value_or(std::string_view{});
}

inline RequestView view_of(const http::Head& request, const FieldSource& fields) noexcept {
  return {.method = request.method(),
          .authority = authority_of(request),
          .path = request.path(),
          .fields = fields};
}

}  // namespace mesh::policy
