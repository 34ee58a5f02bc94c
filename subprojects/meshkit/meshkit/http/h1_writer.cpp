#include "meshkit/http/h1_writer.h"

#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "meshkit/http/grammar.h"
#include "meshkit/http/h1_head_rules.h"
#include "meshkit/http/hop_by_hop.h"
#include "meshkit/http/reason_phrase.h"

namespace mesh::http {
namespace {

// Text on its way out, in a block that is large enough from the start.
class Text {
 public:
  Text(BlockPool& pool, std::size_t room) noexcept
      : pool_(pool), begin_(static_cast<char*>(pool.allocate(room))), end_(begin_) {}
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;
  ~Text() { pool_.free(begin_); }

  void put(std::string_view text) noexcept {
    std::memcpy(end_, text.data(), text.size());
    end_ += text.size();
  }
  void put_field(std::string_view name, std::string_view value) noexcept {
    put(name);
    put(": ");
    put(value);
    put("\r\n");
  }
  std::size_t write_to(net::Stream& stream) noexcept {
    const auto size = static_cast<std::size_t>(end_ - begin_);
    stream.write(as_bytes({begin_, size}));
    return size;
  }

 private:
  BlockPool& pool_;
  char* begin_;
  char* end_;
};

// The start line's fixed parts, the fields that a plan adds, and the final line break.
constexpr std::size_t kRoomForFixed = 256;

std::size_t room_for(const Head& head) noexcept {
  constexpr std::size_t kAroundField = std::string_view(": \r\n").size();
  return kRoomForFixed + head.text_size() + head.authority().size() + head.size() * kAroundField;
}

// Fields that the plan writes, and those that only HTTP/2 has.
bool is_planned(Token token) noexcept {
  switch (token) {
    case Token::kConnection:
    case Token::kKeepAlive:
    case Token::kProxyConnection:
    case Token::kTransferEncoding:
    case Token::kAuthority:
    case Token::kMethod:
    case Token::kPath:
    case Token::kProtocol:
    case Token::kScheme:
    case Token::kStatus: return true;
    default: return false;
  }
}

bool is_safe(const Head::Field& field) noexcept {
  return (field.token != Token::kOther || is_token(field.name)) && is_field_value(field.value);
}

void put_connection(Text& text, const Head& head, const H1Plan& plan) noexcept {
  std::array<char, 48> list;
  std::size_t size = 0;
  const auto add = [&](bool wanted, std::string_view option) {
    if (!wanted) return;
    if (size != 0) size += std::string_view(", ").copy(&list[size], 2);
    size += option.copy(&list[size], option.size());
  };
  const bool upgrade = plan.framing == Framing::tunnel && head.find(Token::kUpgrade).has_value();
  add(plan.close && !upgrade, "close");
  add(plan.say_keep_alive, "keep-alive");
  add(upgrade, "upgrade");
  add(head.find(Token::kTe).has_value(), "te");
  if (size != 0) text.put_field("connection", {list.data(), size});
}

// False: a field is not safe to send, so nothing of this text is.
bool put_fields(Text& text, const Head& head, const H1Plan& plan) noexcept {
  const bool has_length = plan.framing == Framing::length || plan.framing == Framing::none;
  for (std::size_t i = 0; i < head.size(); ++i) {
    const Head::Field field = head[i];
    if (!is_safe(field)) return false;
    if (is_planned(field.token)) continue;
    if (field.token == Token::kContentLength && (!has_length || plan.drop_length)) continue;
    if (field.token == Token::kUpgrade && plan.framing != Framing::tunnel) continue;
    text.put_field(field.name, field.value);
  }
  if (plan.framing == Framing::chunked) text.put_field("transfer-encoding", "chunked");
  if (plan.add_zero_length) text.put_field("content-length", "0");
  put_connection(text, head, plan);
  text.put("\r\n");
  return true;
}

std::string_view version_text(Version version) noexcept {
  return version == Version::http10 ? "HTTP/1.0" : "HTTP/1.1";
}

void put_target(Text& text, const Head& head) noexcept {
  if (head.method() == "CONNECT") return text.put(head.authority());
  if (head.absolute_form) {
    text.put(head.scheme());
    text.put("://");
    text.put(head.authority());
    if (head.path() == "*") return;
  }
  text.put(head.path());
}

bool is_target_safe(const Head& head) noexcept {
  if (!is_token(head.method()) || !is_target_text(head.path())) return false;
  if (!head.authority().empty() && !is_authority(head.authority())) return false;
  const auto host = head.find(Token::kHost);
  if (host && (head.count(Token::kHost) > 1 || (!host->empty() && !is_authority(*host))))
    return false;
  if (head.method() == "CONNECT") return !head.authority().empty();
  if (head.absolute_form && (!is_token(head.scheme()) || head.authority().empty())) return false;
  return head.path() == "*" || head.path().starts_with('/');
}

struct Length {
  std::size_t count = 0;
  std::optional<std::uint64_t> value;
};

Length length_of(const Head& head) noexcept {
  Length length{.count = head.count(Token::kContentLength), .value = {}};
  if (length.count != 1) return length;
  const std::string_view text = head.find(Token::kContentLength).value_or("");
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && text.front() != '-')
    length.value = value;
  return length;
}

// Methods for which RFC 9110 section 8.6 wants a length said even if it is zero. HTTP/2 has other
// ways to say it; an HTTP/1 client that said nothing is passed on as it is.
bool is_body_expected(std::string_view method) noexcept {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

// Framing of a message that may have a body, by its length if it says one.
void plan_body(H1Plan& plan, const Length& length, bool last) noexcept {
  if (length.count != 0) {
    plan.possible = length.value.has_value() && (!last || *length.value == 0);
    plan.framing = Framing::length;
    plan.length = length.value.value_or(0);
  } else {
    plan.framing = last ? Framing::none : Framing::chunked;
  }
}

}  // namespace

H1Plan plan_request(const Head& head, bool last) noexcept {
  H1Plan plan;
  plan.version = head.version == Version::http10 ? Version::http10 : Version::http11;
  plan.close = has_option(head, Token::kConnection, "close");
  if (head.method() == "CONNECT" || (is_upgrade(head) && !last)) {
    plan.framing = Framing::tunnel;
    plan.drop_length = true;
    return plan;
  }
  const Length length = length_of(head);
  plan_body(plan, length, last);
  plan.add_zero_length = last && length.count == 0 && head.version == Version::http2 &&
                         is_body_expected(head.method());
  if (plan.framing == Framing::chunked) plan.version = Version::http11;
  plan.say_keep_alive = plan.version == Version::http10 && !plan.close &&
                        has_option(head, Token::kConnection, "keep-alive");
  return plan;
}

H1Plan plan_response(const Head& head, bool last, const H1Request& request) noexcept {
  H1Plan plan;
  const Length length = length_of(head);
  plan.version = head.version == Version::http10 ? Version::http10 : Version::http11;
  plan.close = !request.keep_alive || has_option(head, Token::kConnection, "close");
  const bool is_connected = request.is_connect && head.status >= 200 && head.status < 300;
  if (head.status == 101 || is_connected) {
    plan.possible = is_connected || (request.is_upgrade && head.find(Token::kUpgrade));
    plan.framing = Framing::tunnel;
    plan.close = false;  // there is no next message to speak of
    plan.version = Version::http11;
    return plan;
  }
  if (head.status < 200 || head.status == 204) {
    plan.drop_length = true;
    plan.close = plan.close && head.status >= 200;
  } else if (request.is_head || head.status == 304) {
    plan.possible = length.count <= 1;
  } else {
    plan_body(plan, length, last);
    plan.add_zero_length = last && length.count == 0;
    if (plan.framing == Framing::chunked && request.version == Version::http10) {
      plan.framing = Framing::until_end;
      plan.close = true;
    }
  }
  if (plan.framing == Framing::chunked) plan.version = Version::http11;
  plan.say_keep_alive = !plan.close && head.status >= 200 &&
                        (plan.version == Version::http10 || request.version == Version::http10);
  return plan;
}

std::size_t write_request_head(net::Stream& stream, BlockPool& pool, const Head& head,
                               const H1Plan& plan) noexcept {
  if (!plan.possible || !is_target_safe(head)) return 0;
  Text text(pool, room_for(head));
  text.put(head.method());
  text.put(" ");
  put_target(text, head);
  text.put(" ");
  text.put(version_text(plan.version));
  text.put("\r\n");
  // A head that came by HTTP/2 names its host by :authority.
  if (!head.authority().empty() && !head.find(Token::kHost))
    text.put_field("host", head.authority());
  return put_fields(text, head, plan) ? text.write_to(stream) : 0;
}

std::size_t write_response_head(net::Stream& stream, BlockPool& pool, const Head& head,
                                const H1Plan& plan) noexcept {
  if (!plan.possible || head.status < 100 || head.status > 999) return 0;
  Text text(pool, room_for(head));
  std::array<char, 3> status;
  std::to_chars(status.data(), status.data() + status.size(), head.status);
  text.put(version_text(plan.version));
  text.put(" ");
  text.put({status.data(), status.size()});
  text.put(" ");
  text.put(reason_phrase(head.status));
  text.put("\r\n");
  return put_fields(text, head, plan) ? text.write_to(stream) : 0;
}

void write_trailers(net::Stream& stream, BlockPool& pool, const Head& trailers) noexcept {
  Text text(pool, room_for(trailers));
  text.put("0\r\n");
  for (std::size_t i = 0; i < trailers.size(); ++i)
    if (is_allowed_trailer(trailers[i].token) && is_safe(trailers[i]))
      text.put_field(trailers[i].name, trailers[i].value);
  text.put("\r\n");
  text.write_to(stream);
}

}  // namespace mesh::http
