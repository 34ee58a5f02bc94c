#include "proxy/listen/detect.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace mesh::listen {
namespace {

constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

constexpr std::array<std::string_view, 16> kMethods = {
    "GET",   "POST", "PUT",      "HEAD",      "DELETE", "PATCH", "OPTIONS", "CONNECT",
    "TRACE", "LOCK", "PROPFIND", "PROPPATCH", "MOVE",   "COPY",  "MKCOL",   "REPORT"};

constexpr Detection decided(Protocol protocol) { return {true, protocol, Hint::none}; }
constexpr Detection need_more(Hint hint) { return {false, Protocol::opaque, hint}; }

// Servers skip empty lines before a request line (RFC 9112 section 2.2).
std::string_view without_leading_newlines(std::string_view text) {
  const auto start = text.find_first_not_of("\r\n");
  return start == std::string_view::npos ? std::string_view{} : text.substr(start);
}

bool is_known_method(std::string_view word) {
  return std::find(kMethods.begin(), kMethods.end(), word) != kMethods.end();
}

bool is_text(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 ? byte != 0x7f : (c == '\t' || c == '\r');
}

bool has_http_version(std::string_view line) {
  const auto at = line.rfind("HTTP/");
  return at != std::string_view::npos && at + 5 < line.size() && line[at + 5] >= '0' &&
         line[at + 5] <= '9';
}

// A target as HTTP writes it: origin, absolute, asterisk or authority form. Keeps "GET key" of line
// protocols apart from "GET /key".
bool starts_like_target(std::string_view rest) {
  return rest.starts_with('/') || rest.starts_with('*') || rest.starts_with("http:") ||
         rest.starts_with("https:");
}

Detection detect_line(std::string_view line, bool complete) {
  const auto space = line.find(' ');
  const bool method = space != std::string_view::npos && is_known_method(line.substr(0, space));
  if (method && starts_like_target(line.substr(space + 1))) return decided(Protocol::http1);
  if (complete) return decided(has_http_version(line) ? Protocol::http1 : Protocol::opaque);
  if (!std::all_of(line.begin(), line.end(), is_text)) return decided(Protocol::opaque);
  return need_more(method ? Hint::likely : Hint::none);
}

}  // namespace

Detection detect(Bytes first_bytes) noexcept {
  const bool is_full = first_bytes.size() >= kDetectBytes;
  const std::string_view all =
      as_text(first_bytes.first(std::min(first_bytes.size(), kDetectBytes)));
  if (all.empty()) return need_more(Hint::none);

  if (all.size() >= kHttp2Preface.size()) {
    if (all.starts_with(kHttp2Preface)) return decided(Protocol::http2);
  } else if (kHttp2Preface.starts_with(all)) {
    return need_more(all.size() > 4 ? Hint::likely : Hint::none);
  }

  // ContentType handshake(22), then a record version of 3.x.
  if (all[0] == 0x16) {
    if (all.size() < 2) return need_more(Hint::none);
    return decided(all[1] == 0x03 ? Protocol::tls : Protocol::opaque);
  }

  const std::string_view text = without_leading_newlines(all);
  const auto newline = text.find('\n');
  const bool complete = newline != std::string_view::npos;
  const Detection result = detect_line(text.substr(0, newline), complete);
  return !result.decided && is_full ? decided(Protocol::opaque) : result;
}

}  // namespace mesh::listen
