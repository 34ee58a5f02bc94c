#include "meshkit/http/grpc.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <utility>

namespace mesh::http {
namespace {

constexpr std::array<const char*, 17> kNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

struct TimeoutUnit {
  char letter;
  std::int64_t nanoseconds;
};
constexpr TimeoutUnit kUnits[] = {{'n', 1},
                                  {'u', 1'000},
                                  {'m', 1'000'000},
                                  {'S', 1'000'000'000},
                                  {'M', 60'000'000'000},
                                  {'H', 3'600'000'000'000}};
constexpr std::size_t kTimeoutDigits = 8;
constexpr std::int64_t kLargestTimeout = 99'999'999;

bool is_plain(char c) noexcept { return c >= 0x20 && c <= 0x7e && c != '%'; }

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

const char* name_of(GrpcCode code) noexcept {
  const auto index = static_cast<std::size_t>(code);
  return index < kNames.size() ? kNames[index] : "UNKNOWN";
}

std::optional<GrpcCode> parse_grpc_code(std::string_view value) noexcept {
  std::uint32_t number = 0;
  const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (failed != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return number < kNames.size() ? static_cast<GrpcCode>(number) : GrpcCode::unknown;
}

GrpcCode grpc_code_from_http(std::uint16_t status) noexcept {
  switch (status) {
    case 400: return GrpcCode::internal;
    case 401: return GrpcCode::unauthenticated;
    case 403: return GrpcCode::permission_denied;
    case 404: return GrpcCode::unimplemented;
    case 429:
    case 502:
    case 503:
    case 504: return GrpcCode::unavailable;
    default: return GrpcCode::unknown;
  }
}

GrpcCode grpc_code_from_reset(H2Code code) noexcept {
  switch (code) {
    case H2Code::refused_stream: return GrpcCode::unavailable;
    case H2Code::cancel: return GrpcCode::cancelled;
    case H2Code::enhance_your_calm: return GrpcCode::resource_exhausted;
    case H2Code::inadequate_security: return GrpcCode::permission_denied;
    default: return GrpcCode::internal;
  }
}

GrpcCode grpc_code_from_error(Errc code) noexcept {
  switch (code) {
    case Errc::timed_out: return GrpcCode::deadline_exceeded;
    case Errc::canceled: return GrpcCode::cancelled;
    case Errc::limit: return GrpcCode::resource_exhausted;
    case Errc::protocol: return GrpcCode::internal;
    case Errc::denied: return GrpcCode::permission_denied;
    default: return GrpcCode::unavailable;
  }
}

bool is_grpc_content_type(std::string_view value) noexcept {
  constexpr std::string_view kType = "application/grpc";
  if (!value.starts_with(kType)) return false;
  return value.size() == kType.size() || value[kType.size()] == '+' || value[kType.size()] == ';';
}

std::string encode_grpc_message(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_plain(c)) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<std::uint8_t>(c);
      out.append({'%', kHex[byte >> 4], kHex[byte & 0xf]});
    }
  }
  return out;
}

std::string decode_grpc_message(std::string_view value) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool may_escape = value[i] == '%' && i + 2 < value.size();
    const int high = may_escape ? hex_value(value[i + 1]) : -1;
    const int low = may_escape ? hex_value(value[i + 2]) : -1;
    if (high >= 0 && low >= 0) {
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out.push_back(value[i]);
    }
  }
  return out;
}

std::optional<Nanoseconds> parse_grpc_timeout(std::string_view value) noexcept {
  if (value.size() < 2 || value.size() > kTimeoutDigits + 1) return std::nullopt;
  std::int64_t number = 0;
  for (const char c : value.substr(0, value.size() - 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  for (const TimeoutUnit& unit : kUnits) {
    if (unit.letter != value.back()) continue;
    const std::int64_t most = std::numeric_limits<std::int64_t>::max() / unit.nanoseconds;
    return Nanoseconds(std::min(number, most) * unit.nanoseconds);
  }
  return std::nullopt;
}

std::string_view format_grpc_timeout(Nanoseconds timeout, std::span<char> room) noexcept {
  const std::int64_t wanted = std::max<std::int64_t>(timeout.count(), 0);
  for (const TimeoutUnit& unit : kUnits) {
    const std::int64_t number = wanted / unit.nanoseconds + (wanted % unit.nanoseconds != 0);
    if (number > kLargestTimeout) continue;
    char* end = std::to_chars(room.data(), room.data() + room.size() - 1, number).ptr;
    *end++ = unit.letter;
    return {room.data(), static_cast<std::size_t>(end - room.data())};
  }
  return "99999999H";
}

std::optional<GrpcStatus> grpc_status_of(const Head& fields) {
  const auto value = fields.find(Token::kGrpcStatus);
  if (!value) return std::nullopt;
  GrpcStatus status;
  status.code = parse_grpc_code(*value).value_or(GrpcCode::unknown);
  if (const auto message = fields.find(Token::kGrpcMessage))
    status.message = decode_grpc_message(*message);
  return status;
}

void store_grpc_frame_head(std::span<std::uint8_t, kGrpcFrameHead> room,
                           std::size_t length) noexcept {
  room[0] = 0;
  store_be32(room.data() + 1, static_cast<std::uint32_t>(length));
}

Result<std::optional<Bytes>> GrpcDeframer::next(Bytes& bytes) noexcept {
  if (head_size_ == 0) pool_.free(std::exchange(message_, nullptr));  // handed out last time
  const bool is_new = head_size_ < kGrpcFrameHead;
  take_head(bytes);
  if (head_size_ < kGrpcFrameHead) return std::nullopt;
  if (is_new) {
    if (const Status begun = begin_message(); !begun) return fail(begun.error());
  }
  if (message_ == nullptr && bytes.size() >= size_) {
    const Bytes message = bytes.first(size_);
    bytes = bytes.subspan(size_);
    head_size_ = 0;
    return message;
  }
  if (message_ == nullptr) message_ = static_cast<std::uint8_t*>(pool_.allocate(size_));
  const std::size_t size = std::min<std::size_t>(bytes.size(), size_ - filled_);
  if (size != 0) std::memcpy(message_ + filled_, bytes.data(), size);
  filled_ += static_cast<std::uint32_t>(size);
  bytes = bytes.subspan(size);
  if (filled_ < size_) return std::nullopt;
  head_size_ = 0;
  return Bytes{message_, size_};
}

void GrpcDeframer::take_head(Bytes& bytes) noexcept {
  const std::size_t size = std::min(bytes.size(), kGrpcFrameHead - head_size_);
  if (size != 0) std::memcpy(head_ + head_size_, bytes.data(), size);
  head_size_ = static_cast<std::uint8_t>(head_size_ + size);
  bytes = bytes.subspan(size);
}

Status GrpcDeframer::begin_message() noexcept {
  size_ = load_be32(head_ + 1);
  filled_ = 0;
  if (head_[0] != 0) return fail(Errc::protocol, "compressed gRPC message");
  if (size_ > limit_) return fail(Errc::limit, "gRPC message too long");
  return {};
}

}  // namespace mesh::http
