#include "meshkit/http/h1_writer.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "meshkit/http/h1_body_writer.h"
#include "meshkit/http/reason_phrase.h"

namespace mesh::http {
namespace {

using Fields = std::initializer_list<std::pair<const char*, const char*>>;

// Keeps what is written, write by write.
class Sink final : public net::Stream {
 public:
  void start(net::StreamEvents&) override {}
  void pause() override {}
  void resume() override {}
  void write(Bytes bytes) override {
    text += as_text(bytes);
    ++writes;
  }
  void end() override {}
  void abort() override {}
  std::size_t queued() const override { return 0; }

  std::string text;
  int writes = 0;
};

Head response(BlockPool& pool, std::uint16_t status, Fields fields = {}) {
  Head head(pool);
  head.status = status;
  for (const auto& [name, value] : fields) CHECK(head.add(name, value));
  return head;
}

Head request(BlockPool& pool, const char* method, Fields fields = {}) {
  Head head(pool);
  CHECK(head.set_method(method));
  CHECK(head.set_path("/"));
  for (const auto& [name, value] : fields) CHECK(head.add(name, value));
  return head;
}

}  // namespace

TEST_SUITE("http/h1_writer") {
  TEST_CASE("plans a response's framing from its head and from who asked") {
    BlockPool pool;
    const H1Request plain{.keep_alive = true};
    const H1Request old{.version = Version::http10, .keep_alive = true};
    const H1Request head_request{.is_head = true, .keep_alive = true};
    const H1Request connect{.is_connect = true, .keep_alive = true};
    const auto framing = [&pool](const H1Request& asked, std::uint16_t status, bool last,
                                 Fields fields = {}) {
      return plan_response(response(pool, status, fields), last, asked).framing;
    };

    CHECK(framing(plain, 200, false) == Framing::chunked);
    CHECK(framing(plain, 200, false, {{"content-length", "5"}}) == Framing::length);
    CHECK(framing(plain, 200, true) == Framing::none);
    CHECK(framing(plain, 204, false) == Framing::none);
    CHECK(framing(plain, 304, false, {{"content-length", "5"}}) == Framing::none);
    CHECK(framing(old, 200, false) == Framing::until_end);
    CHECK(framing(old, 200, false, {{"content-length", "5"}}) == Framing::length);
    CHECK(framing(head_request, 200, false, {{"content-length", "5"}}) == Framing::none);
    CHECK(framing(connect, 200, false, {{"content-length", "5"}}) == Framing::tunnel);
    CHECK(framing(connect, 407, false, {{"content-length", "5"}}) == Framing::length);
  }

  TEST_CASE("cannot plan what contradicts itself") {
    BlockPool pool;
    const H1Request plain{.keep_alive = true};

    for (const char* length : {"", "-5", "+5", "5x", "5 5", "99999999999999999999999"}) {
      CHECK_FALSE(
          plan_response(response(pool, 200, {{"content-length", length}}), false, plain).possible);
      CHECK_FALSE(
          plan_request(request(pool, "POST", {{"content-length", length}}), false).possible);
    }
    CHECK_FALSE(
        plan_response(response(pool, 200, {{"content-length", "1"}, {"content-length", "1"}}),
                      false, plain)
            .possible);
    CHECK_FALSE(
        plan_response(response(pool, 200, {{"content-length", "1"}}), true, plain).possible);
    CHECK_FALSE(plan_response(response(pool, 101, {{"upgrade", "x"}}), false, plain).possible);
    CHECK_FALSE(plan_response(response(pool, 101), false, {.is_upgrade = true}).possible);
  }

  TEST_CASE("closes where the next message could not be found, and says so") {
    BlockPool pool;
    const auto closes = [&pool](const H1Request& asked, Fields fields, bool last) {
      return plan_response(response(pool, 200, fields), last, asked).close;
    };

    CHECK_FALSE(closes({.keep_alive = true}, {}, false));
    CHECK(closes({.keep_alive = false}, {}, true));
    CHECK(closes({.keep_alive = true}, {{"connection", "a, Close"}}, true));
    CHECK(closes({.version = Version::http10, .keep_alive = true}, {}, false));
    CHECK_FALSE(closes({.version = Version::http10, .keep_alive = true}, {}, true));
  }

  TEST_CASE("a bodiless request gains no field, except where HTTP/2 said its end otherwise") {
    BlockPool pool;
    Head head = request(pool, "POST");

    CHECK_FALSE(plan_request(head, true).add_zero_length);
    head.version = Version::http2;
    CHECK(plan_request(head, true).add_zero_length);
    CHECK_FALSE(plan_request(head, false).add_zero_length);
    Head get = request(pool, "GET");
    get.version = Version::http2;
    CHECK_FALSE(plan_request(get, true).add_zero_length);
  }

  TEST_CASE("an HTTP/1.0 request whose length is unknown goes as HTTP/1.1") {
    BlockPool pool;
    Head head = request(pool, "POST");
    head.version = Version::http10;

    const H1Plan plan = plan_request(head, false);

    CHECK(plan.framing == Framing::chunked);
    CHECK(plan.version == Version::http11);
  }

  TEST_CASE("writes a head in one piece, or nothing") {
    BlockPool pool;
    Sink sink;
    const Head good = request(pool, "GET", {{"host", "h"}, {"keep-alive", "5"}, {"x", ""}});
    const Head bad = request(pool, "GET", {{"x", "a\nb"}});

    const std::size_t size = write_request_head(sink, pool, good, plan_request(good, true));
    CHECK(write_request_head(sink, pool, bad, plan_request(bad, true)) == 0);

    CHECK(sink.text == "GET / HTTP/1.1\r\nhost: h\r\nx: \r\n\r\n");
    CHECK(sink.writes == 1);
    CHECK(size == sink.text.size());
    CHECK(pool.bytes_in_use() <= 4096);  // the heads; what was written is not kept
  }

  TEST_CASE("has room for a head of any shape") {
    BlockPool pool;
    Sink sink;
    Head head(pool, 200'000);
    CHECK(head.set_method(std::string(1000, 'M')));
    CHECK(head.set_scheme("https"));
    CHECK(head.set_authority(std::string(5000, 'a')));
    CHECK(head.set_path("/" + std::string(50'000, 'p')));
    head.absolute_form = true;
    for (int i = 0; i < 250; ++i) CHECK(head.add("n", "v"));
    CHECK(head.add("te", "trailers"));

    const std::size_t size = write_request_head(sink, pool, head, plan_request(head, true));

    CHECK(size == sink.text.size());
    CHECK(sink.text.starts_with(std::string(1000, 'M') + " https://aaa"));
    CHECK(sink.text.ends_with("te: trailers\r\nconnection: te\r\n\r\n"));
  }

  TEST_CASE("leaves out trailers that do not belong there") {
    BlockPool pool;
    Sink sink;
    const Head trailers = response(pool, 0,
                                   {{"grpc-status", "0"},
                                    {"host", "h"},
                                    {"content-length", "1"},
                                    {"a b", "c"},
                                    {"d", "e\r\nf: g"},
                                    {"h", "i"}});

    write_trailers(sink, pool, trailers);

    CHECK(sink.text == "0\r\ngrpc-status: 0\r\nh: i\r\n\r\n");
  }

  TEST_CASE("knows the registered reasons, and none for others") {
    CHECK(reason_phrase(100) == "Continue");
    CHECK(reason_phrase(404) == "Not Found");
    CHECK(reason_phrase(511) == "Network Authentication Required");
    CHECK(reason_phrase(0).empty());
    CHECK(reason_phrase(299).empty());
    CHECK(reason_phrase(999).empty());
  }
}

TEST_SUITE("http/h1_body_writer") {
  TEST_CASE("counts a body of known length to the byte") {
    Sink sink;
    H1BodyWriter writer;

    writer.begin(Framing::length, 5);
    CHECK(writer.write(sink, as_bytes("123")));
    CHECK_FALSE(writer.write(sink, as_bytes("456")));
    CHECK_FALSE(writer.end(sink));
    CHECK(writer.write(sink, as_bytes("45")));
    CHECK(writer.end(sink));

    CHECK(sink.text == "12345");
  }

  TEST_CASE("never writes an empty chunk but the last") {
    Sink sink;
    H1BodyWriter writer;

    writer.begin(Framing::chunked, 0);
    CHECK(writer.write(sink, {}));
    CHECK(writer.write(sink, as_bytes(std::string(26, 'x'))));
    CHECK(writer.end(sink));

    CHECK(sink.text == "1a\r\n" + std::string(26, 'x') + "\r\n0\r\n\r\n");
  }

  TEST_CASE("drops trailers where framing has no place for them, and bodies where there is none") {
    BlockPool pool;
    const Head trailers = response(pool, 0, {{"a", "b"}});
    for (const Framing framing : {Framing::none, Framing::length, Framing::until_end}) {
      Sink sink;
      H1BodyWriter writer;
      writer.begin(framing, 2);
      CHECK(writer.write(sink, as_bytes("hi")));
      CHECK(writer.end(sink, pool, trailers));
      CHECK(sink.text == (framing == Framing::none ? "" : "hi"));
    }
  }
}

}  // namespace mesh::http
