#include "proxy/forward/classify.h"

#include <charconv>

namespace mesh::forward {

using balance::ResponseClass;

std::optional<std::uint8_t> grpc_status_of(const http::Head& head) noexcept {
  const auto text = head.find(http::Token::kGrpcStatus);
  if (!text) return std::nullopt;
  std::uint8_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return value;
}

ResponseClass classify_http(std::uint16_t status) noexcept {
  if (status == 429) return ResponseClass::throttled;
  return status >= 500 ? ResponseClass::failure : ResponseClass::success;
}

ResponseClass classify_grpc(std::uint16_t http_status,
                            std::optional<std::uint8_t> grpc_status) noexcept {
  if (!grpc_status) return http_status == 200 ? ResponseClass::failure : classify_http(http_status);
  switch (*grpc_status) {
    case 2:   // UNKNOWN
    case 4:   // DEADLINE_EXCEEDED
    case 7:   // PERMISSION_DENIED
    case 13:  // INTERNAL
    case 14:  // UNAVAILABLE
    case 15:  // DATA_LOSS
      return ResponseClass::failure;
    case 8: return ResponseClass::throttled;  // RESOURCE_EXHAUSTED
    default: return ResponseClass::success;
  }
}

}  // namespace mesh::forward
