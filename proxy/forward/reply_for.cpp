#include "proxy/forward/reply_for.h"

#include <array>
#include <cstdio>

namespace mesh::forward {
namespace {

// gRPC status codes (https://grpc.io/docs/guides/status-codes).
constexpr std::uint8_t kDeadlineExceeded = 4;
constexpr std::uint8_t kNotFound = 5;
constexpr std::uint8_t kPermissionDenied = 7;
constexpr std::uint8_t kResourceExhausted = 8;
constexpr std::uint8_t kAborted = 10;
constexpr std::uint8_t kInternal = 13;
constexpr std::uint8_t kUnavailable = 14;

// In the order of Cause.
constexpr std::array<Reply, kCauses> kReplies = {{
    {200, 0, false, "none", ""},
    {404, kNotFound, false, "route_not_found", "no route of the policy matches this request"},
    {403, kPermissionDenied, false, "unauthorized",
     "client is not authorized by the policy of this port"},
    {429, kResourceExhausted, false, "rate_limited", "the rate limit of this port is reached"},
    {500, kInternal, true, "policy_invalid",
     "the controller sent a policy that cannot be used; see `mesh diagnostics policy`"},
    {502, kUnavailable, true, "backend_invalid", "the route has no usable backend"},
    {502, kUnavailable, true, "identity_required",
     "the endpoint does not have the identity that l5d-require-id asks for"},
    {503, kUnavailable, true, "discovery_timeout",
     "the destination is not known yet and the controller did not answer in time"},
    {504, kDeadlineExceeded, true, "no_endpoints",
     "no endpoint of the destination became ready in time"},
    {503, kUnavailable, true, "load_shed", "too many requests are waiting for this destination"},
    {508, kAborted, true, "loop", "the request would come back to this proxy"},
    {502, kUnavailable, true, "connect_refused", "the endpoint refused the connection"},
    {504, kDeadlineExceeded, true, "connect_timeout", "connecting to the endpoint took too long"},
    {502, kUnavailable, true, "connect_failed", "the endpoint could not be reached"},
    {502, kUnavailable, true, "peer_identity",
     "the endpoint did not prove the identity that discovery gave for it"},
    {504, kDeadlineExceeded, true, "peer_silent", "the endpoint stopped answering"},
    {502, kUnavailable, true, "response_lost", "the endpoint closed before it answered"},
    {502, kUnavailable, true, "response_invalid", "the response is not valid HTTP"},
    {502, kUnavailable, true, "app_refused", "the application refused the connection"},
    {504, kDeadlineExceeded, true, "app_timeout", "connecting to the application took too long"},
    {502, kUnavailable, true, "app_lost", "the application closed before it answered"},
    {400, kInternal, true, "request_malformed", "the request is not valid HTTP"},
    {408, kDeadlineExceeded, true, "request_timeout", "the request did not arrive in time"},
    {503, kUnavailable, true, "shutting_down", "the proxy is shutting down"},
    {500, kInternal, true, "unexpected", "unexpected error in the proxy; see its log"},
}};

std::string_view decimal(std::array<char, 8>& buffer, unsigned value) noexcept {
  const int size = std::snprintf(buffer.data(), buffer.size(), "%u", value);
  return {buffer.data(), static_cast<std::size_t>(size)};
}

}  // namespace

const Reply& reply_for(Cause cause) noexcept { return kReplies[static_cast<std::size_t>(cause)]; }

Cause connect_cause(const Error& error) noexcept {
  switch (error.code) {
    case Errc::refused: return Cause::connect_refused;
    case Errc::timed_out: return Cause::connect_timeout;
    case Errc::identity: return Cause::peer_identity;
    case Errc::limit:
    case Errc::exhausted: return Cause::load_shed;
    default: return Cause::connect_failed;
  }
}

Cause app_connect_cause(const Error& error) noexcept {
  switch (error.code) {
    case Errc::timed_out: return Cause::app_timeout;
    case Errc::limit:
    case Errc::exhausted: return Cause::load_shed;
    default: return Cause::app_refused;
  }
}

bool is_grpc(const http::Head& request) noexcept {
  const auto type = request.find(http::Token::kContentType);
  return type && type->starts_with("application/grpc");
}

void write_reply(http::Head& out, Cause cause, bool grpc, bool informational) noexcept {
  const Reply& reply = reply_for(cause);
  std::array<char, 8> number{};
  out.clear();
  out.status = grpc ? 200 : reply.http_status;
  if (grpc) {
    (void)out.add(http::Token::kContentType, "application/grpc");
    (void)out.add(http::Token::kGrpcStatus, decimal(number, reply.grpc_status));
    if (informational) (void)out.add(http::Token::kGrpcMessage, reply.text);
  }
  (void)out.add(http::Token::kContentLength, "0");
  if (!informational) return;
  (void)out.add(http::Token::kL5dProxyError, reply.text);
  (void)out.add(http::Token::kL5dErrorCode, reply.code);
}

bool proves_unprocessed(std::string_view error_code) noexcept {
  return error_code == reply_for(Cause::app_refused).code ||
         error_code == reply_for(Cause::app_timeout).code ||
         error_code == reply_for(Cause::shutting_down).code;
}

bool says_app_lost(std::string_view error_code) noexcept {
  return error_code == reply_for(Cause::app_lost).code;
}

}  // namespace mesh::forward
