#include "proxy/forward/protocol_upgrade.h"

namespace mesh::forward {
namespace {

using http::Token;
using http::Version;

constexpr std::string_view kHttp10 = "HTTP/1.0";
constexpr std::string_view kHttp11 = "HTTP/1.1";
constexpr std::string_view kHttp10Absolute = "HTTP/1.0; absolute-form";
constexpr std::string_view kHttp11Absolute = "HTTP/1.1; absolute-form";

std::string_view note_for(const http::Head& head) noexcept {
  if (head.version == Version::http10) return head.absolute_form ? kHttp10Absolute : kHttp10;
  return head.absolute_form ? kHttp11Absolute : kHttp11;
}

}  // namespace

bool can_carry(const http::Head& request) noexcept {
  return request.version != Version::http2 && request.method() != "CONNECT" &&
         !request.find(Token::kUpgrade);
}

// Host becomes :authority when the head is written (h2_head_writer.h) and Host again on the far
// side.
void carry_request(http::Head& request) noexcept {
  (void)request.set(Token::kL5dOrigProto, note_for(request));
  request.version = Version::http2;
  request.remove(Token::kTransferEncoding);
  if (request.scheme().empty()) (void)request.set_scheme("http");
}

void uncarry_response(http::Head& response, Version client_version) noexcept {
  response.remove(Token::kL5dOrigProto);
  response.version = client_version;
}

OriginalForm uncarry_request(http::Head& request) noexcept {
  const auto note = request.find(Token::kL5dOrigProto);
  if (!note || request.version != Version::http2) return {};
  OriginalForm form;
  form.carried = true;
  form.version = note->starts_with(kHttp10) ? Version::http10 : Version::http11;
  form.absolute_form = note->ends_with("; absolute-form");
  request.remove(Token::kL5dOrigProto);
  request.remove(Token::kTransferEncoding);
  request.version = form.version;
  request.absolute_form = form.absolute_form;
  if (!request.find(Token::kHost) && !request.authority().empty())
    (void)request.add(Token::kHost, request.authority());
  return form;
}

void carry_response(http::Head& response) noexcept {
  (void)response.set(Token::kL5dOrigProto, response.version == Version::http10 ? kHttp10 : kHttp11);
  response.version = Version::http2;
  response.remove(Token::kTransferEncoding);
}

}  // namespace mesh::forward
