#include "meshkit/http/hop_by_hop.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <utility>

namespace mesh::http {
namespace {

using Fields = std::initializer_list<std::pair<const char*, const char*>>;

Head head_with(BlockPool& pool, Fields fields) {
  Head head(pool);
  for (const auto& [name, value] : fields) CHECK(head.add(name, value));
  return head;
}

std::string after_removal(Fields fields, Version version = Version::http11) {
  BlockPool pool;
  Head head = head_with(pool, fields);
  head.version = version;
  remove_hop_by_hop(head);
  std::string text;
  for (std::size_t i = 0; i < head.size(); ++i)
    text.append(head[i].name).append("=").append(head[i].value).append(";");
  return text;
}

}  // namespace

TEST_SUITE("http/hop_by_hop") {
  TEST_CASE("finds an option in any line of a list, ignoring case") {
    BlockPool pool;
    const Head head = head_with(pool, {{"connection", "a, Keep-Alive"}, {"connection", "CLOSE"}});

    CHECK(has_option(head, Token::kConnection, "keep-alive"));
    CHECK(has_option(head, Token::kConnection, "close"));
    CHECK_FALSE(has_option(head, Token::kConnection, "keep"));
    CHECK_FALSE(has_option(head, Token::kTe, "close"));
  }

  TEST_CASE("removes what concerns one connection and keeps the rest") {
    CHECK(after_removal({{"a", "1"},
                         {"connection", "close, X-Private ,te"},
                         {"keep-alive", "timeout=5"},
                         {"x-private", "2"},
                         {"proxy-connection", "keep-alive"},
                         {"transfer-encoding", "chunked"},
                         {"x-private", "3"},
                         {"te", "gzip"},
                         {"upgrade", "websocket"},
                         {"b", "4"}}) == "a=1;b=4;");
  }

  TEST_CASE("removes what several Connection lines nominate, wherever these stand") {
    CHECK(after_removal({{"x-a", "1"},
                         {"connection", "x-b"},
                         {"x-b", "2"},
                         {"connection", "x-a, connection, x-c"},
                         {"x-c", "3"},
                         {"d", "4"}}) == "d=4;");
  }

  TEST_CASE("keeps te: trailers alone of all transfer codings") {
    CHECK(after_removal({{"te", "gzip, trailers;q=0.5"}, {"a", "1"}}) == "a=1;");
    CHECK(after_removal({{"te", "gzip, trailers"}, {"te", "deflate"}}) == "te=trailers;");
    CHECK(after_removal({{"connection", "te"}, {"te", "trailers"}}) == "te=trailers;");
  }

  TEST_CASE("keeps an upgrade, which needs both fields and HTTP/1.1") {
    CHECK(after_removal({{"Connection", "keep-alive, Upgrade"}, {"upgrade", "websocket"}}) ==
          "connection=upgrade;upgrade=websocket;");
    CHECK(after_removal({{"connection", "upgrade"}, {"upgrade", "websocket"}}, Version::http10) ==
          "");
    CHECK(after_removal({{"connection", "upgrade"}, {"a", "1"}}) == "a=1;");
    CHECK(after_removal({{"upgrade", "websocket"}, {"a", "1"}}) == "a=1;");
  }

  TEST_CASE("a client cannot nominate away what routing and identity stand on") {
    CHECK(after_removal({{"connection", "host, content-length, l5d-client-id, cookie"},
                         {"host", "a"},
                         {"content-length", "5"},
                         {"l5d-client-id", "b"},
                         {"cookie", "c"}}) == "host=a;content-length=5;l5d-client-id=b;");
  }
}

}  // namespace mesh::http
