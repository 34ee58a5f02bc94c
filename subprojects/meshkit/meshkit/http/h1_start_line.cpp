#include "meshkit/http/h1_start_line.h"

#include <algorithm>
#include <string>

#include "meshkit/http/grammar.h"

namespace mesh::http {
namespace {

constexpr H1Fault kBadLine{400, "request_line"};
constexpr H1Fault kBadTarget{400, "target"};
constexpr H1Fault kTooLarge{431, "head_too_large"};

bool read_version(std::string_view text, Head& head) noexcept {
  if (text == "HTTP/1.1") {
    head.version = Version::http11;
    return true;
  }
  head.version = Version::http10;
  return text == "HTTP/1.0";
}

H1Fault read_origin_form(std::string_view target, Head& head) noexcept {
  return head.set_path(target) ? H1Fault{} : kTooLarge;
}

H1Fault read_authority_form(std::string_view target, Head& head) noexcept {
  if (!is_authority_with_port(target)) return {400, "connect_target"};
  return head.set_authority(target) ? H1Fault{} : kTooLarge;
}

// scheme "://" authority path-with-query. An empty path is "/", or "*" for OPTIONS (RFC 9112
// section 3.2.4).
H1Fault read_absolute_form(std::string_view target, Head& head) noexcept {
  const std::size_t colon = target.find(':');
  const std::string_view scheme = target.substr(0, colon);
  const bool is_https = equals_ignoring_case(scheme, "https");
  if (!is_https && !equals_ignoring_case(scheme, "http")) return kBadTarget;
  if (target.substr(colon, 3) != "://") return kBadTarget;
  const std::string_view rest = target.substr(colon + 3);
  const std::size_t authority_size = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, authority_size);
  if (authority.find('@') != std::string_view::npos) return {400, "user_information"};
  if (!is_authority(authority)) return kBadTarget;
  const std::string_view path = rest.substr(authority_size);
  head.absolute_form = true;
  bool fits = head.set_scheme(is_https ? "https" : "http") && head.set_authority(authority);
  if (path.empty())
    fits = fits && head.set_path(head.method() == "OPTIONS" ? "*" : "/");
  else if (path.front() == '/')
    fits = fits && head.set_path(path);
  else if (path.front() == '?')
    fits = fits && head.set_path("/" + std::string(path));
  else
    return kBadTarget;
  return fits ? H1Fault{} : kTooLarge;
}

H1Fault read_target(std::string_view target, Head& head) noexcept {
  if (target.empty() || !is_target_text(target)) {
    const bool has_fragment = target.find('#') != std::string_view::npos;
    return has_fragment ? H1Fault{400, "fragment"} : kBadTarget;
  }
  if (head.method() == "CONNECT") return read_authority_form(target, head);
  if (target.front() == '/') return read_origin_form(target, head);
  if (target == "*")
    return head.method() == "OPTIONS" ? read_origin_form(target, head) : kBadTarget;
  return target.find(':') != std::string_view::npos ? read_absolute_form(target, head) : kBadTarget;
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

}  // namespace

H1Fault read_request_line(std::string_view line, Head& head) noexcept {
  const std::size_t first = line.find(' ');
  const std::string_view method = line.substr(0, first);
  if (!is_token(method)) return {400, "method"};
  if (first == std::string_view::npos) return kBadLine;
  const std::size_t last = line.rfind(' ');
  if (last == first) return kBadLine;
  if (!read_version(line.substr(last + 1), head)) return {400, "version"};
  if (!head.set_method(method)) return kTooLarge;
  return read_target(line.substr(first + 1, last - first - 1), head);
}

H1Fault read_status_line(std::string_view line, Head& head) noexcept {
  constexpr std::size_t kVersionSize = 8;
  constexpr H1Fault kBadStatus{400, "status_line"};
  if (!read_version(line.substr(0, kVersionSize), head)) return {400, "version"};
  const std::string_view rest = line.substr(kVersionSize);
  // " 200" and then nothing, or a blank and any reason phrase.
  if (rest.size() < 4 || rest[0] != ' ' || !std::all_of(&rest[1], &rest[1] + 3, is_digit))
    return kBadStatus;
  if (rest.size() > 4 && (rest[4] != ' ' || !is_field_value(rest.substr(5)))) return kBadStatus;
  const int status = (rest[1] - '0') * 100 + (rest[2] - '0') * 10 + (rest[3] - '0');
  if (status < 100) return kBadStatus;
  head.status = static_cast<std::uint16_t>(status);
  return {};
}

}  // namespace mesh::http
