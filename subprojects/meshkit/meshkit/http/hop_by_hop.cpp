#include "meshkit/http/hop_by_hop.h"

#include "meshkit/http/grammar.h"

namespace mesh::http {
namespace {

// What the wire protocol itself needs, or the mesh decides by, cannot be nominated away.
bool may_be_nominated(Token token) noexcept {
  switch (token) {
    case Token::kConnection:
    case Token::kHost:
    case Token::kContentLength:
    case Token::kTe:       // judged by itself
    case Token::kUpgrade:  // likewise
    case Token::kL5dClientId:
    case Token::kL5dDstCanonical:
    case Token::kL5dOrigProto:
    case Token::kL5dRequireId: return false;
    default: return true;
  }
}

void remove_named(Head& head, std::string_view name) noexcept {
  for (std::size_t i = head.size(); i-- > 0;) {
    const Head::Field field = head[i];
    if (field.name.size() == name.size() && may_be_nominated(field.token) &&
        equals_ignoring_case(name, field.name))
      head.remove_at(i);
  }
}

std::optional<std::string_view> nth_value(const Head& head, Token token, std::size_t n) noexcept {
  for (std::size_t i = 0; i < head.size(); ++i)
    if (head[i].token == token && n-- == 0) return head[i].value;
  return std::nullopt;
}

// Removing a field moves no text, so the list that is being read stays valid.
void remove_nominated(Head& head) noexcept {
  for (std::size_t n = 0; const auto list = nth_value(head, Token::kConnection, n); ++n) {
    for_each_item(*list, [&head](std::string_view option) {
      remove_named(head, option);
      return true;
    });
  }
}

}  // namespace

bool has_option(const Head& head, Token field, std::string_view option) noexcept {
  if (!head.find(field)) return false;
  for (std::size_t i = 0; i < head.size(); ++i) {
    if (head[i].token != field) continue;
    const bool is_absent = for_each_item(head[i].value, [option](std::string_view item) {
      return !equals_ignoring_case(item, option);
    });
    if (!is_absent) return true;
  }
  return false;
}

bool is_upgrade(const Head& head) noexcept {
  return head.version == Version::http11 && head.find(Token::kUpgrade).has_value() &&
         has_option(head, Token::kConnection, "upgrade");
}

void remove_hop_by_hop(Head& head) noexcept {
  const bool upgrade = is_upgrade(head);
  const bool trailers = has_option(head, Token::kTe, "trailers");
  remove_nominated(head);
  head.remove(Token::kKeepAlive);
  head.remove(Token::kProxyConnection);
  head.remove(Token::kTransferEncoding);
  if (!trailers || !head.set(Token::kTe, "trailers")) head.remove(Token::kTe);
  if (!upgrade || !head.set(Token::kConnection, "upgrade")) {
    head.remove(Token::kConnection);
    head.remove(Token::kUpgrade);
  }
}

}  // namespace mesh::http
