#include "meshkit/http/h2_head_reader.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <charconv>

#include "meshkit/http/grammar.h"

namespace mesh::http {
namespace {

// Room in the Head for what a forwarder adds to the fields received.
constexpr std::size_t kRoomToAdd = 16 * 1024;
constexpr std::size_t kFieldCost = 32;  // RFC 9113 section 6.5.2

const std::uint8_t* raw(std::string_view text) noexcept {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

bool has_upper_case(std::string_view text) noexcept {
  for (const char c : text)
    if (c >= 'A' && c <= 'Z') return true;
  return false;
}

const char* fault_of_name(std::string_view name) noexcept {
  if (nghttp2_check_header_name(raw(name), name.size()) != 0) return nullptr;
  return has_upper_case(name) ? "uppercase_name" : "bad_name";
}

const char* fault_of_value(std::string_view value) noexcept {
  if (value.empty()) return nullptr;
  if (is_blank(value.front()) || is_blank(value.back())) return "blank_around_value";
  return is_field_value(value) ? nullptr : "bad_value";
}

// A bit per pseudo-field of a request.
std::uint8_t bit_of(Token token) noexcept {
  return static_cast<std::uint8_t>(
      1u << (static_cast<unsigned>(token) - static_cast<unsigned>(Token::kAuthority)));
}

Token pseudo_token(std::string_view name) noexcept {
  switch (name.size()) {
    case 5: return name == ":path" ? Token::kPath : Token::kOther;
    case 7:
      if (name == ":method") return Token::kMethod;
      if (name == ":scheme") return Token::kScheme;
      return name == ":status" ? Token::kStatus : Token::kOther;
    case 9: return name == ":protocol" ? Token::kProtocol : Token::kOther;
    case 10: return name == ":authority" ? Token::kAuthority : Token::kOther;
    default: return Token::kOther;
  }
}

bool is_scheme(std::string_view text) noexcept {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.empty() || !is_letter(text.front())) return false;
  for (const char c : text)
    if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '.') return false;
  return true;
}

// 0: not a status.
std::uint16_t parse_status(std::string_view value) noexcept {
  if (value.size() != 3) return 0;
  unsigned status = 0;
  for (const char c : value) {
    if (c < '0' || c > '9') return 0;
    status = status * 10 + static_cast<unsigned>(c - '0');
  }
  return static_cast<std::uint16_t>(status >= 100 ? status : 0);
}

bool same_ignoring_case(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

}  // namespace

H2HeadReader::H2HeadReader(BlockPool& pool, std::size_t limit) noexcept
    : pool_(pool), head_(pool, limit + kRoomToAdd), limit_(limit) {}

void H2HeadReader::begin(H2HeadKind kind) noexcept {
  head_.clear();
  head_.version = Version::http2;
  size_ = 0;
  cookie_bytes_ = 0;
  content_length_ = -1;
  fault_ = nullptr;
  kind_ = kind;
  seen_ = 0;
  cookies_ = 0;
  fields_began_ = false;
  host_seen_ = false;
}

void H2HeadReader::add(std::string_view name, std::string_view value, bool never_indexed) noexcept {
  size_ += name.size() + value.size() + kFieldCost;
  if (is_too_large() || fault_ != nullptr) return;
  if (!name.empty() && name.front() == ':')
    add_pseudo(name, value);
  else
    add_field(name, value, never_indexed);
}

void H2HeadReader::add_pseudo(std::string_view name, std::string_view value) noexcept {
  if (kind_ == H2HeadKind::trailers) return fail("pseudo_field_in_trailers");
  if (fields_began_) return fail("pseudo_field_late");
  const Token token = pseudo_token(name);
  if (token == Token::kOther || (token == Token::kStatus) != (kind_ == H2HeadKind::response))
    return fail("unknown_pseudo_field");
  if ((seen_ & bit_of(token)) != 0) return fail("repeated_pseudo_field");
  seen_ = static_cast<std::uint8_t>(seen_ | bit_of(token));
  if (!set_pseudo(token, value)) fail("bad_pseudo_field");
}

bool H2HeadReader::set_pseudo(Token token, std::string_view value) noexcept {
  switch (token) {
    case Token::kMethod: return is_token(value) && head_.set_method(value);
    case Token::kScheme: return is_scheme(value) && head_.set_scheme(value);
    case Token::kAuthority: return is_authority(value) && head_.set_authority(value);
    case Token::kPath: return !value.empty() && is_target_text(value) && head_.set_path(value);
    case Token::kProtocol: return is_token(value) && head_.set_protocol(value);
    default:
      head_.status = parse_status(value);
      return head_.status != 0 && head_.status != 101;  // RFC 9113 section 8.6
  }
}

void H2HeadReader::add_field(std::string_view name, std::string_view value,
                             bool never_indexed) noexcept {
  fields_began_ = true;
  if (const char* fault = fault_of_name(name)) return fail(fault);
  if (const char* fault = fault_of_value(value)) return fail(fault);
  if (name == "cookie") {
    if (cookies_ < 0xff) ++cookies_;
    cookie_bytes_ += value.size() + 2;
  }
  const Token token = token_of(name);
  if (token == Token::kHost && kind_ == H2HeadKind::request) return read_host(value);
  check_field(token, value);
  if (!(token == Token::kOther ? head_.add(name, value) : head_.add(token, value)))
    size_ = limit_ + 1;  // more fields than a Head takes
  else if (never_indexed)
    head_.mark_never_indexed();
}

void H2HeadReader::check_field(Token token, std::string_view value) noexcept {
  switch (token) {
    case Token::kConnection:
    case Token::kKeepAlive:
    case Token::kProxyConnection:
    case Token::kTransferEncoding:
    case Token::kUpgrade: return fail("connection_field");
    case Token::kTe:
      if (!equals_ignoring_case(value, "trailers")) fail("bad_te");
      return;
    case Token::kContentLength: return read_length(value);
    case Token::kHost:
      if (kind_ == H2HeadKind::trailers) fail("framing_field_in_trailers");
      return;
    default: return;
  }
}

void H2HeadReader::read_length(std::string_view value) noexcept {
  if (kind_ == H2HeadKind::trailers) return fail("framing_field_in_trailers");
  if (content_length_ >= 0) return fail("two_lengths");
  std::uint64_t length = 0;
  const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (failed != std::errc() || end != value.data() + value.size() ||
      length > static_cast<std::uint64_t>(INT64_MAX))
    return fail("bad_length");
  content_length_ = static_cast<std::int64_t>(length);
}

void H2HeadReader::read_host(std::string_view value) noexcept {
  if (host_seen_) return fail("two_hosts");
  host_seen_ = true;
  if (head_.authority().empty()) {
    if (!is_authority(value)) return fail("bad_host");
    if (!head_.set_authority(value)) size_ = limit_ + 1;
  } else if (!same_ignoring_case(value, head_.authority())) {
    fail("host_conflict");
  }
}

bool H2HeadReader::finish() noexcept {
  if (is_too_large()) return false;
  if (fault_ == nullptr && kind_ == H2HeadKind::request) finish_request();
  if (fault_ == nullptr && kind_ == H2HeadKind::response) finish_response();
  if (fault_ == nullptr && cookies_ > 1) join_cookies();
  return fault_ == nullptr && !is_too_large();
}

void H2HeadReader::finish_request() noexcept {
  const auto seen = [this](Token token) { return (seen_ & bit_of(token)) != 0; };
  if (!seen(Token::kMethod)) return fail("missing_pseudo_field");
  const bool is_connect = head_.method() == "CONNECT";
  if (seen(Token::kProtocol) && !is_connect) return fail("protocol_without_connect");
  if (is_connect && !seen(Token::kProtocol)) {
    if (seen(Token::kScheme) || seen(Token::kPath)) return fail("bad_connect");
    if (!seen(Token::kAuthority) || !is_authority_with_port(head_.authority()))
      return fail("bad_connect");
    if (content_length_ >= 0) return fail("length_without_body");
    return;
  }
  if (!seen(Token::kScheme) || !seen(Token::kPath)) return fail("missing_pseudo_field");
  if (head_.authority().empty()) return fail("missing_authority");
  const bool is_server_wide = head_.path() == "*" && head_.method() == "OPTIONS";
  if (head_.path().front() != '/' && !is_server_wide) fail("bad_path");
}

// Content-Length is forbidden where there cannot be content; servers that say 0 there are common.
void H2HeadReader::finish_response() noexcept {
  if (head_.status == 0) return fail("missing_pseudo_field");
  if (content_length_ < 0 || (head_.status >= 200 && head_.status != 204)) return;
  if (content_length_ != 0) return fail("length_without_body");
  head_.remove(Token::kContentLength);
  content_length_ = -1;
}

void H2HeadReader::join_cookies() noexcept {
  auto* joined = static_cast<char*>(pool_.allocate(cookie_bytes_));
  char* end = joined;
  for (std::size_t i = 0; i < head_.size(); ++i) {
    const Head::Field field = head_[i];
    if (field.token != Token::kOther || field.name != "cookie") continue;
    for (const std::string_view part : {std::string_view(end == joined ? "" : "; "), field.value})
      end = std::copy(part.begin(), part.end(), end);
  }
  const std::string_view value(joined, static_cast<std::size_t>(end - joined));
  if (!head_.set("cookie", value)) size_ = limit_ + 1;
  pool_.free(joined);
}

}  // namespace mesh::http
