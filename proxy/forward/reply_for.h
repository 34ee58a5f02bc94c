#pragma once
// reply_for: the one table from what went wrong inside the mesh to what the client is told.
//
//   HTTP        status, empty body, `l5d-proxy-error` (text for people), `l5d-error-code` (the
//   word) gRPC        HTTP 200 with grpc-status and grpc-message in the headers (trailers-only)
//   opaque TCP  a reset of the connection
// The word is also the `code` label of the error metrics. Pure.

#include <cstdint>
#include <optional>
#include <string_view>

#include "meshkit/base/result.h"
#include "meshkit/http/head.h"

namespace mesh::forward {

enum class Cause : std::uint8_t {
  none,
  // decided by policy
  route_not_found,
  unauthorized,
  rate_limited,
  policy_invalid,
  backend_invalid,
  identity_required,
  // no way to the destination
  discovery_timeout,
  no_endpoints,  // fail-fast: nothing was ready for the whole fail-fast time
  load_shed,     // a queue or a concurrency limit is full
  loop,
  // the way broke
  connect_refused,
  connect_timeout,
  connect_failed,
  peer_identity,
  peer_silent,
  response_lost,     // the connection ended before a response
  response_invalid,  // what came back is not HTTP that may be passed on
  // the application behind this proxy (inbound); `app_refused` proves that it saw nothing
  app_refused,
  app_timeout,
  app_lost,
  // what the client sent
  request_malformed,
  request_timeout,
  shutting_down,
  unexpected,
};

struct Reply {
  std::uint16_t http_status;
  std::uint8_t grpc_status;
  bool closes_connection;  // an HTTP/1 client's connection ends after the reply
  const char* code;        // lower-case word, stable: documented in docs/errors.md
  const char* text;        // says what to check next
};

const Reply& reply_for(Cause cause) noexcept;
inline constexpr std::size_t kCauses = static_cast<std::size_t>(Cause::unexpected) + 1;

// The cause behind a failed connection attempt to an endpoint (outbound) or the application.
Cause connect_cause(const Error& error) noexcept;
Cause app_connect_cause(const Error& error) noexcept;

// A request is answered in gRPC terms when its content-type says so.
bool is_grpc(const http::Head& request) noexcept;

// Writes the reply's head. `informational`: whether the peer may see the l5d-* headers.
void write_reply(http::Head& out, Cause cause, bool grpc, bool informational) noexcept;

// Whether a response from a peer proxy proves that the application did not see the request.
bool proves_unprocessed(std::string_view error_code) noexcept;
// Whether it says that the connection to the application broke, so that an idempotent request may
// move.
bool says_app_lost(std::string_view error_code) noexcept;

}  // namespace mesh::forward
