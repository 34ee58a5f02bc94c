#pragma once
// classify: whether a response counts as a failure of its endpoint, as metrics and breakers see it.
//
// HTTP: 5xx is a failure, 429 is throttling. gRPC (decided by the request's content-type): codes
// UNKNOWN, DEADLINE_EXCEEDED, PERMISSION_DENIED, INTERNAL, UNAVAILABLE and DATA_LOSS are failures,
// RESOURCE_EXHAUSTED is throttling; a gRPC call answered without any grpc-status is judged by its
// HTTP status, and a 200 without one is UNKNOWN. Pure.

#include <cstdint>
#include <optional>

#include "meshkit/http/head.h"
#include "proxy/balance/failure_accrual.h"

namespace mesh::forward {

// grpc-status of a response head or of trailers; empty when absent or not a number below 256.
std::optional<std::uint8_t> grpc_status_of(const http::Head& head) noexcept;

balance::ResponseClass classify_http(std::uint16_t status) noexcept;
balance::ResponseClass classify_grpc(std::uint16_t http_status,
                                     std::optional<std::uint8_t> grpc_status) noexcept;

}  // namespace mesh::forward
