#include "meshkit/http/h2_head_writer.h"

#include "meshkit/http/grammar.h"

namespace mesh::http {
namespace {

// nghttp2 does not write through these pointers.
std::uint8_t* raw(std::string_view text) noexcept {
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
}

bool may_pass(const Head::Field& field) noexcept {
  switch (field.token) {
    case Token::kConnection:
    case Token::kKeepAlive:
    case Token::kProxyConnection:
    case Token::kTransferEncoding:
    case Token::kUpgrade:
    case Token::kHttp2Settings: return false;
    case Token::kTe: return equals_ignoring_case(field.value, "trailers");
    default: return true;
  }
}

}  // namespace

H2HeadWriter::H2HeadWriter(H2FieldLifetime lifetime) noexcept
    : flags_(lifetime == H2FieldLifetime::borrowed
                 ? NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE
                 : NGHTTP2_NV_FLAG_NONE) {}

void H2HeadWriter::put(std::string_view name, std::string_view value, bool never_indexed) noexcept {
  const unsigned secret = never_indexed ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
  const auto flags = static_cast<std::uint8_t>(flags_ | secret);
  fields_[size_++] = {raw(name), raw(value), name.size(), value.size(), flags};
}

void H2HeadWriter::request(const Head& head) noexcept {
  const bool is_plain_connect = head.method() == "CONNECT" && head.protocol().empty();
  std::string_view authority = head.authority();
  if (authority.empty()) authority = head.find(Token::kHost).value_or("");
  put(":method", head.method());
  if (!is_plain_connect) put(":scheme", head.scheme().empty() ? "http" : head.scheme());
  if (!authority.empty()) put(":authority", authority);
  if (!is_plain_connect) put(":path", head.path());
  if (!head.protocol().empty()) put(":protocol", head.protocol());
  fields(head, true);
}

void H2HeadWriter::response(const Head& head) noexcept {
  status_[0] = static_cast<char>('0' + head.status / 100 % 10);
  status_[1] = static_cast<char>('0' + head.status / 10 % 10);
  status_[2] = static_cast<char>('0' + head.status % 10);
  put(":status", {status_, 3});
  fields(head, false);
}

void H2HeadWriter::trailers(const Head& head) noexcept { fields(head, false); }

void H2HeadWriter::fields(const Head& head, bool skip_host) noexcept {
  for (std::size_t i = 0; i < head.size(); ++i) {
    const Head::Field field = head[i];
    if (skip_host && field.token == Token::kHost) continue;
    if (may_pass(field)) put(field.name, field.value, field.never_indexed);
  }
}

}  // namespace mesh::http
