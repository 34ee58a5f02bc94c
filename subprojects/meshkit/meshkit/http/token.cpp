#include <array>

#include "meshkit/http/head.h"

namespace mesh::http {
namespace {

struct Name {
  Token token = Token::kOther;
  std::string_view text;
};

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

constexpr std::size_t kTokens = static_cast<std::size_t>(Token::kTraceparent) + 1;
static_assert(kNames.size() + 1 == kTokens, "every Token has a name");

// A perfect hash: length, first and last letter tell the names apart with the right factors.
struct Hash {
  static constexpr std::size_t kSlots = 128;
  unsigned first = 0;
  unsigned last = 0;

  constexpr std::size_t of(std::string_view name) const {
    const auto letter = [](char c) { return static_cast<unsigned>(static_cast<unsigned char>(c)); };
    return (name.size() * 5 + letter(name.front()) * first + letter(name.back()) * last) % kSlots;
  }
  constexpr bool is_perfect() const {
    std::array<bool, kSlots> taken{};
    for (const Name& name : kNames) {
      bool& slot = taken[of(name.text)];
      if (slot) return false;
      slot = true;
    }
    return true;
  }
};

constexpr Hash kHash = [] {
  for (unsigned first = 1; first < 128; ++first)
    for (unsigned last = 1; last < 128; ++last)
      if (const Hash hash{first, last}; hash.is_perfect()) return hash;
  return Hash{};
}();
static_assert(kHash.is_perfect());

constexpr auto kTable = [] {
  std::array<Name, Hash::kSlots> table{};
  for (const Name& name : kNames) table[kHash.of(name.text)] = name;
  return table;
}();

constexpr auto kTexts = [] {
  std::array<std::string_view, kTokens> texts{};
  for (const Name& name : kNames) texts[static_cast<std::size_t>(name.token)] = name.text;
  return texts;
}();

}  // namespace

Token token_of(std::string_view name) noexcept {
  if (name.empty()) return Token::kOther;
  const Name& candidate = kTable[kHash.of(name)];
  return candidate.text == name ? candidate.token : Token::kOther;
}

std::string_view name_of(Token token) noexcept { return kTexts[static_cast<std::size_t>(token)]; }

}  // namespace mesh::http
