#include "meshkit/http/head.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

namespace mesh::http {
namespace {

std::string text_of(const Head& head) {
  std::string text;
  for (std::size_t i = 0; i < head.size(); ++i)
    text.append(head[i].name).append("=").append(head[i].value).append(";");
  return text;
}

}  // namespace

TEST_SUITE("http/head") {
  TEST_CASE("every token has its name and is found by it") {
    for (int i = 1; i <= static_cast<int>(Token::kTraceparent); ++i) {
      const Token token = static_cast<Token>(i);
      CAPTURE(i);

      CHECK_FALSE(name_of(token).empty());
      CHECK(token_of(name_of(token)) == token);
    }
    CHECK(name_of(Token::kOther).empty());
    for (const char* other : {"", "x", "hosu", "content-lengti", "l5d-proxy-connectiom",
                              "a-name-that-is-longer-than-every-token"})
      CHECK(token_of(other) == Token::kOther);
  }

  TEST_CASE("keeps fields in order, names in lower case, values as they are") {
    BlockPool pool;
    Head head(pool);

    CHECK(head.add("Content-Type", "Text/HTML"));
    CHECK(head.add("X-One", "1"));
    CHECK(head.add(Token::kHost, "a"));
    CHECK(head.add("x-one", "2"));
    CHECK(head.add("empty", ""));

    CHECK(text_of(head) == "content-type=Text/HTML;x-one=1;host=a;x-one=2;empty=;");
    CHECK(head[0].token == Token::kContentType);
    CHECK(head[1].token == Token::kOther);
    CHECK(head.find(Token::kHost) == "a");
    CHECK(head.find("x-one") == "1");
    CHECK(head.find("empty") == "");
    CHECK_FALSE(head.find("absent"));
    CHECK(head.count(Token::kHost) == 1);
    CHECK(head.list_size() == 12 + 9 + 5 + 1 + 4 + 1 + 5 + 1 + 5 + 5 * 32);
  }

  TEST_CASE("keeps the start line, which may be set again from views of itself") {
    BlockPool pool;
    Head head(pool);

    CHECK(head.method().empty());
    CHECK(head.set_method("GET"));
    CHECK(head.set_scheme("http"));
    CHECK(head.set_authority("host:80"));
    CHECK(head.set_path("/a/b?c"));
    CHECK(head.set_protocol("websocket"));
    CHECK(head.set_path(head.path().substr(2)));
    for (int i = 0; i < 12; ++i) CHECK(head.add("copy", head.path()));
    for (int i = 0; i < 50; ++i) CHECK(head.add(head[0].name, head[0].value));
    for (int i = 0; i < 8; ++i) CHECK(head.set_path(std::string(200, 'p')));
    CHECK(head.set_authority(head.authority().substr(0, 4)));

    CHECK(head.method() == "GET");
    CHECK(head.scheme() == "http");
    CHECK(head.authority() == "host");
    CHECK(head.path() == std::string(200, 'p'));
    CHECK(head.protocol() == "websocket");
    CHECK(head.find("copy") == "/b?c");
    CHECK(head[61].name == "copy");
    CHECK(head[61].value == "/b?c");
  }

  TEST_CASE("replaces all fields of a name by one that stands where the first stood") {
    BlockPool pool;
    Head head(pool);
    for (const char* name : {"a", "Te", "b", "te", "X-Y", "x-y"}) CHECK(head.add(name, "1"));

    CHECK(head.set(Token::kTe, "trailers"));
    CHECK(head.set("X-Y", "2"));
    CHECK(head.set("new", "3"));
    CHECK(head.set(Token::kHost, *head.find("new")));

    CHECK(text_of(head) == "a=1;te=trailers;b=1;x-y=2;new=3;host=3;");
  }

  TEST_CASE("lower-cases letters and nothing else, wherever they stand") {
    BlockPool pool;
    for (std::size_t at = 0; at < 19; ++at) {
      std::string name(19, 'x');
      std::string lowered = name;
      for (int c = 1; c < 256; ++c) {
        name[at] = lowered[at] = static_cast<char>(c);
        if (c >= 'A' && c <= 'Z') lowered[at] = static_cast<char>(c + 32);
        Head head(pool);
        CHECK(head.add(name, ""));
        REQUIRE(head[0].name == lowered);
      }
    }
  }

  TEST_CASE("removes fields by token, by name and by place") {
    BlockPool pool;
    Head head(pool);
    for (const char* name : {"te", "a", "te", "b", "a", "c"}) CHECK(head.add(name, "1"));

    head.remove(Token::kTe);
    head.remove("a");
    head.remove_at(0);

    CHECK(text_of(head) == "c=1;");
  }

  TEST_CASE("takes a field in pieces and trims what follows the value") {
    BlockPool pool;
    Head head(pool);

    for (const char* piece : {"Tra", "nsfer", "-Encoding"}) CHECK(head.append_name(piece));
    for (const char* piece : {"chu", "nked", " \t", " "}) CHECK(head.append_value(piece));
    head.finish_field();
    CHECK(head.append_name("x"));
    head.finish_field();

    CHECK(text_of(head) == "transfer-encoding=chunked;x=;");
    CHECK(head[0].token == Token::kTransferEncoding);
  }

  TEST_CASE("refuses what goes beyond its limits and stays as it was") {
    BlockPool pool;
    Head small(pool, 20);
    CHECK(small.add("name", "0123456789"));
    CHECK_FALSE(small.add("name", "0123456789"));
    CHECK_FALSE(small.set("name", "0123456789"));
    CHECK_FALSE(small.set_path("/long-path"));
    CHECK(small.add("n", "12345"));
    CHECK(text_of(small) == "name=0123456789;n=12345;");

    Head many(pool);
    for (std::size_t i = 0; i < Head::kMaxFields; ++i) CHECK(many.add("a", "b"));
    CHECK_FALSE(many.add("a", "b"));
    CHECK_FALSE(many.append_name("a"));
    CHECK(many.size() == Head::kMaxFields);

    Head wide(pool, 1 << 20);
    CHECK_FALSE(wide.add(std::string(70'000, 'n'), ""));
  }

  TEST_CASE("moves and copies whole, and the one moved from may be used again") {
    BlockPool pool;
    Head head(pool);
    head.version = Version::http10;
    head.status = 404;
    head.absolute_form = true;
    CHECK(head.set_path("/p"));
    CHECK(head.add("a", "1"));

    const Head twin = head.copy();
    Head other(std::move(head));

    CHECK(twin.path() == "/p");
    CHECK(twin.version == Version::http10);
    CHECK(twin.status == 404);
    CHECK(twin.absolute_form);
    CHECK(text_of(twin) == "a=1;");
    CHECK(other.path() == "/p");
    CHECK(text_of(other) == "a=1;");
    CHECK(head.size() == 0);
    CHECK(head.status == 0);
    CHECK(head.add("b", "2"));
    other = std::move(head);
    CHECK(text_of(other) == "b=2;");
  }

  TEST_CASE("clears for the next message without giving its memory back") {
    BlockPool pool;
    Head head(pool);
    const auto fill = [&head] {
      CHECK(head.set_path("/somewhere"));
      for (int i = 0; i < 40; ++i) CHECK(head.add("some-field", std::string(40, 'v')));
    };
    fill();
    const std::uint64_t allocations = pool.system_allocations();

    head.clear();
    CHECK(head.size() == 0);
    CHECK(head.path().empty());
    fill();
    CHECK(pool.system_allocations() == allocations);

    head.release();
    CHECK(pool.bytes_in_use() == 0);
    fill();
    CHECK(pool.system_allocations() == allocations);
  }
}

}  // namespace mesh::http
