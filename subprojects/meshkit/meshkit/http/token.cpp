#include <array>

#include "meshkit/http/head.h"

namespace mesh::http {
namespace {

struct Name {
  Token token;
  std::string_view text;
};

// By length, so that a lookup compares with the few names as long as its own.
constexpr std::array kNames = {
    Name{Token::kTe, "te"},
    Name{Token::kDate, "date"},
    Name{Token::kHost, "host"},
    Name{Token::kPath, ":path"},
    Name{Token::kAccept, "accept"},
    Name{Token::kExpect, "expect"},
    Name{Token::kServer, "server"},
    Name{Token::kMethod, ":method"},
    Name{Token::kScheme, ":scheme"},
    Name{Token::kStatus, ":status"},
    Name{Token::kTrailer, "trailer"},
    Name{Token::kUpgrade, "upgrade"},
    Name{Token::kLocation, "location"},
    Name{Token::kProtocol, ":protocol"},
    Name{Token::kForwarded, "forwarded"},
    Name{Token::kAuthority, ":authority"},
    Name{Token::kConnection, "connection"},
    Name{Token::kKeepAlive, "keep-alive"},
    Name{Token::kUserAgent, "user-agent"},
    Name{Token::kGrpcStatus, "grpc-status"},
    Name{Token::kRetryAfter, "retry-after"},
    Name{Token::kTraceparent, "traceparent"},
    Name{Token::kContentType, "content-type"},
    Name{Token::kGrpcMessage, "grpc-message"},
    Name{Token::kGrpcTimeout, "grpc-timeout"},
    Name{Token::kL5dClientId, "l5d-client-id"},
    Name{Token::kContentLength, "content-length"},
    Name{Token::kHttp2Settings, "http2-settings"},
    Name{Token::kL5dErrorCode, "l5d-error-code"},
    Name{Token::kL5dOrigProto, "l5d-orig-proto"},
    Name{Token::kL5dRequireId, "l5d-require-id"},
    Name{Token::kL5dProxyError, "l5d-proxy-error"},
    Name{Token::kL5dDstOverride, "l5d-dst-override"},
    Name{Token::kProxyConnection, "proxy-connection"},
    Name{Token::kWwwAuthenticate, "www-authenticate"},
    Name{Token::kL5dDstCanonical, "l5d-dst-canonical"},
    Name{Token::kTransferEncoding, "transfer-encoding"},
    Name{Token::kL5dProxyConnection, "l5d-proxy-connection"},
};

constexpr std::size_t kLongest = kNames.back().text.size();
constexpr std::size_t kTokens = static_cast<std::size_t>(Token::kTraceparent) + 1;
static_assert(kNames.size() + 1 == kTokens, "every Token has a name");

// first[n] .. first[n + 1]: the names of length n.
constexpr auto kFirst = [] {
  std::array<std::uint8_t, kLongest + 2> first{};
  for (std::size_t length = 0; length < first.size(); ++length)
    for (const Name& name : kNames)
      if (name.text.size() < length) ++first[length];
  return first;
}();

constexpr auto kTexts = [] {
  std::array<std::string_view, kTokens> texts{};
  for (const Name& name : kNames) texts[static_cast<std::size_t>(name.token)] = name.text;
  return texts;
}();

constexpr bool is_ordered() {
  for (std::size_t i = 1; i < kNames.size(); ++i)
    if (kNames[i].text.size() < kNames[i - 1].text.size()) return false;
  return true;
}
static_assert(is_ordered());

}  // namespace

Token token_of(std::string_view name) noexcept {
  if (name.empty() || name.size() > kLongest) return Token::kOther;
  const char last = name.back();
  for (std::size_t i = kFirst[name.size()]; i < kFirst[name.size() + 1]; ++i)
    if (kNames[i].text.back() == last && kNames[i].text == name) return kNames[i].token;
  return Token::kOther;
}

std::string_view name_of(Token token) noexcept { return kTexts[static_cast<std::size_t>(token)]; }

}  // namespace mesh::http
