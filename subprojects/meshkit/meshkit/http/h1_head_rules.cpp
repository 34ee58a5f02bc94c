#include "meshkit/http/h1_head_rules.h"

#include "meshkit/http/grammar.h"
#include "meshkit/http/hop_by_hop.h"

namespace mesh::http {
namespace {

struct Length {
  bool is_valid = false;
  std::uint64_t value = 0;
};

Length read_length(std::string_view text) noexcept {
  constexpr std::size_t kMostDigits = 18;  // cannot overflow
  if (text.empty() || text.size() > kMostDigits) return {};
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return {};
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return {true, value};
}

H1Fault check_codings(const Head& head, std::size_t lines) noexcept {
  if (head.version == Version::http10) return {400, "transfer_encoding_http10"};
  const std::string_view value = head.find(Token::kTransferEncoding).value_or("");
  if (lines == 1 && equals_ignoring_case(value, "chunked")) return {};
  std::size_t others = 0;
  bool is_chunked = false;
  for (std::size_t i = 0; i < head.size(); ++i) {
    if (head[i].token != Token::kTransferEncoding) continue;
    const bool follows_rules = for_each_item(head[i].value, [&](std::string_view coding) {
      if (is_chunked) return false;
      is_chunked = equals_ignoring_case(coding, "chunked");
      if (!is_chunked) ++others;
      return true;
    });
    if (!follows_rules) return {400, "chunked_not_last"};
  }
  if (others != 0) return {501, "transfer_coding"};
  // Nothing, or one "chunked" among empty items: parsers disagree about those.
  return {400, is_chunked ? "transfer_encoding_list" : "transfer_encoding_empty"};
}

// What Content-Length and Transfer-Encoding say, whatever the message is.
H1Shape read_framing(const Head& head) noexcept {
  H1Shape shape;
  const std::size_t lengths = head.count(Token::kContentLength);
  const std::size_t codings = head.count(Token::kTransferEncoding);
  if (lengths > 1) return {.fault = {400, "two_lengths"}};
  if (lengths != 0 && codings != 0) return {.fault = {400, "length_and_chunked"}};
  if (lengths == 1) {
    const std::string_view text = head.find(Token::kContentLength).value_or("");
    const Length length = read_length(text);
    const bool is_list = text.find(',') != std::string_view::npos;
    if (!length.is_valid) return {.fault = {400, is_list ? "two_lengths" : "length_syntax"}};
    shape.framing = Framing::length;
    shape.length = length.value;
  }
  if (codings != 0) {
    shape.fault = check_codings(head, codings);
    shape.framing = Framing::chunked;
  }
  return shape;
}

bool wants_keep_alive(const Head& head) noexcept {
  if (has_option(head, Token::kConnection, "close")) return false;
  return head.version == Version::http11 || has_option(head, Token::kConnection, "keep-alive");
}

H1Fault check_host(const Head& head) noexcept {
  const std::size_t hosts = head.count(Token::kHost);
  if (hosts > 1) return {400, "two_hosts"};
  if (hosts == 0) return {};
  const std::string_view host = head.find(Token::kHost).value_or("");
  if (!host.empty() && !is_authority(host)) return {400, "host_syntax"};
  return {};
}

// CONNECT: no body, no Upgrade.
H1Shape shape_of_connect(const Head& head, H1Shape shape) noexcept {
  if (shape.framing != Framing::none) return {.fault = {400, "connect_with_body"}};
  if (head.find(Token::kUpgrade)) return {.fault = {400, "connect_with_upgrade"}};
  shape.framing = Framing::tunnel;
  return shape;
}

// To another protocol than ours, and nothing else: h2c would hide requests from us, and whether a
// body comes before or after the change, servers disagree about.
bool can_upgrade(const Head& head, const H1Shape& shape) noexcept {
  const bool has_body =
      shape.framing == Framing::chunked || (shape.framing == Framing::length && shape.length != 0);
  return is_upgrade(head) && !has_body && !has_option(head, Token::kUpgrade, "h2c");
}

}  // namespace

H1Shape shape_of_request(Head& head) noexcept {
  H1Shape shape = read_framing(head);
  if (!shape.fault) shape.fault = check_host(head);
  if (shape.fault) return shape;
  shape.keep_alive = wants_keep_alive(head);
  if (head.method() == "CONNECT") return shape_of_connect(head, shape);
  if (!head.find(Token::kUpgrade)) return shape;
  if (head.version == Version::http10 && has_option(head, Token::kConnection, "upgrade"))
    return {.fault = {400, "upgrade_http10"}};
  if (can_upgrade(head, shape)) {
    shape.framing = Framing::tunnel;
  } else {
    head.remove(Token::kUpgrade);
    head.remove(Token::kHttp2Settings);
  }
  return shape;
}

H1Shape shape_of_response(Head& head, Answering answering) noexcept {
  H1Shape shape = read_framing(head);
  if (shape.fault) return shape;
  shape.keep_alive = wants_keep_alive(head);
  const bool is_informational = head.status < 200;
  const bool is_switch = head.status == 101;
  const bool is_connected =
      answering == Answering::connect && head.status >= 200 && head.status < 300;
  if (is_switch && (answering != Answering::upgrade || !is_upgrade(head)))
    return {.fault = {400, "unexpected_101"}};
  if (is_informational || is_connected || head.status == 204) {
    // Whoever announced a body here may well send one.
    if (shape.framing == Framing::chunked || shape.length != 0) shape.keep_alive = false;
    head.remove(Token::kContentLength);
    head.remove(Token::kTransferEncoding);
    shape.framing = is_switch || is_connected ? Framing::tunnel : Framing::none;
  } else if (answering == Answering::head || head.status == 304) {
    shape.framing = Framing::none;
  } else if (shape.framing == Framing::none) {
    shape.framing = Framing::until_end;
    shape.keep_alive = false;
  }
  return shape;
}

bool is_allowed_trailer(Token token) noexcept {
  switch (token) {
    case Token::kConnection:
    case Token::kContentLength:
    case Token::kExpect:
    case Token::kHost:
    case Token::kHttp2Settings:
    case Token::kKeepAlive:
    case Token::kL5dClientId:
    case Token::kL5dDstCanonical:
    case Token::kL5dDstOverride:
    case Token::kL5dOrigProto:
    case Token::kL5dProxyConnection:
    case Token::kL5dProxyError:
    case Token::kL5dRequireId:
    case Token::kProxyConnection:
    case Token::kTe:
    case Token::kTrailer:
    case Token::kTransferEncoding:
    case Token::kUpgrade: return false;
    default: return true;
  }
}

}  // namespace mesh::http
