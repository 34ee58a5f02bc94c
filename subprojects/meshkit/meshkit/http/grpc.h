#pragma once
// gRPC over HTTP/2 as bytes and values: message frames, status, deadline header.
//
// Source: the protocol description "gRPC over HTTP2" and its status code list. Pure functions and
// one small parser; no I/O.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "meshkit/base/block_pool.h"
#include "meshkit/base/bytes.h"
#include "meshkit/base/clock.h"
#include "meshkit/base/result.h"
#include "meshkit/http/head.h"
#include "meshkit/http/message.h"

namespace mesh::http {

enum class GrpcCode : std::uint8_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

// "UNAVAILABLE"; for logs.
const char* name_of(GrpcCode code) noexcept;

// The value of grpc-status; nullopt if it is not a decimal number. Numbers above 16 are `unknown`.
std::optional<GrpcCode> parse_grpc_code(std::string_view value) noexcept;
// What a response without grpc-status means.
GrpcCode grpc_code_from_http(std::uint16_t status) noexcept;
GrpcCode grpc_code_from_reset(H2Code code) noexcept;
GrpcCode grpc_code_from_error(Errc code) noexcept;

// content-type application/grpc, application/grpc+proto, application/grpc; ...: not grpc-web.
bool is_grpc_content_type(std::string_view value) noexcept;

// grpc-message carries percent-encoded UTF-8. Decoding leaves malformed escapes as they are.
std::string encode_grpc_message(std::string_view text);
std::string decode_grpc_message(std::string_view value);

// "100m" is 100 ms: at most eight digits and one of H M S m u n. nullopt if malformed.
std::optional<Nanoseconds> parse_grpc_timeout(std::string_view value) noexcept;
// In `room` (at least 16 bytes); rounds up, so that the peer never gives up first.
std::string_view format_grpc_timeout(Nanoseconds timeout, std::span<char> room) noexcept;

// Status of a call as trailers (or a trailers-only head) tell it.
struct GrpcStatus {
  GrpcCode code = GrpcCode::ok;
  std::string message;
  bool is_ok() const noexcept { return code == GrpcCode::ok; }
};
// nullopt when the fields have no grpc-status.
std::optional<GrpcStatus> grpc_status_of(const Head& fields);

//   | compressed flag: 1 byte | length: 4 bytes, big-endian | message |
inline constexpr std::size_t kGrpcFrameHead = 5;
void store_grpc_frame_head(std::span<std::uint8_t, kGrpcFrameHead> room,
                           std::size_t length) noexcept;

// Cuts a body into messages. A message that lies whole in one span is handed on without copying.
class GrpcDeframer {
 public:
  // `pool` must outlive the deframer. A message longer than `limit` is refused with Errc::limit, a
  // compressed one with Errc::protocol.
  explicit GrpcDeframer(BlockPool& pool, std::size_t limit = 4 * 1024 * 1024) noexcept
      : pool_(pool), limit_(limit) {}
  GrpcDeframer(const GrpcDeframer&) = delete;
  GrpcDeframer& operator=(const GrpcDeframer&) = delete;
  ~GrpcDeframer() { pool_.free(message_); }

  // The next whole message, or nullopt when more bytes are needed; `bytes` becomes what follows it.
  // The message is valid until the next call.
  Result<std::optional<Bytes>> next(Bytes& bytes) noexcept;
  // A message has begun: the body must not end here.
  bool is_inside_message() const noexcept { return head_size_ != 0; }

 private:
  void take_head(Bytes& bytes) noexcept;
  Status begin_message() noexcept;

  BlockPool& pool_;
  const std::size_t limit_;
  std::uint8_t head_[kGrpcFrameHead]{};
  std::uint8_t head_size_ = 0;
  std::uint32_t size_ = 0;    // of the message that has begun
  std::uint32_t filled_ = 0;  // of message_
  std::uint8_t* message_ = nullptr;
};

}  // namespace mesh::http
