// HTTP/1: the parser, what is written of what it accepted, and a connection of either end.
//
// The first byte chooses request or response, and the size of the pieces in which the rest arrives.
// Whatever the bytes, (1) their meaning does not depend on the pieces, (2) an accepted request,
// written and read again, is the same request and nothing more, and (3) a connection ends
// with every exchange told, and every block of memory back in the pool.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "meshkit/http/h1_client.h"
#include "meshkit/http/h1_server.h"
#include "meshkit/http/h1_writer.h"
#include "tests/support/memory_stream.h"
#include "tests/unit/meshkit/http/h1_transcript.h"
#include "tests/unit/meshkit/http/h1_users.h"

namespace mesh::http {
namespace {

using h1test::Transcript;

void demand(bool holds) {
  if (!holds) std::abort();
}

H1Limits small_limits() {
  H1Limits limits;
  limits.line_bytes = 2000;
  limits.head_bytes = 4000;
  limits.fields = 50;
  limits.chunk_extension_bytes = 200;
  limits.window = limits.pipelined_bytes = 1000;
  return limits;
}

// A fault's word may depend on what llhttp still saw of its line; that there is one may not.
std::string meaning(H1Parser::Kind kind, Answering answering, std::string_view bytes,
                    std::size_t piece) {
  const std::string text = "\n" + Transcript(kind, bytes, piece, answering, small_limits()).text();
  const std::size_t fault = text.find("\nfault ");
  return text.substr(0, fault == std::string::npos ? fault : fault + sizeof "fault 400");
}

void check_pieces(std::string_view bytes, bool is_request, std::size_t piece) {
  const H1Parser::Kind kind = is_request ? H1Parser::Kind::request : H1Parser::Kind::response;
  const Answering answering = is_request ? Answering::plain : static_cast<Answering>(piece % 4);
  demand(meaning(kind, answering, bytes, bytes.size() + 1) ==
         meaning(kind, answering, bytes, piece));
}

// Takes written bytes.
class Sink final : public net::Stream {
 public:
  void start(net::StreamEvents&) override {}
  void pause() override {}
  void resume() override {}
  void write(Bytes bytes) override { text += as_text(bytes); }
  void end() override {}
  void abort() override {}
  std::size_t queued() const override { return 0; }

  std::string text;
};

// The first request of `bytes`, or nothing if there is none.
bool read_head(H1Parser& parser, std::string_view& bytes) {
  parser.begin();
  Bytes input = as_bytes(bytes);
  const bool found = parser.next(input) == H1Parser::Step::head;
  bytes = as_text(input);
  return found;
}

void check_round_trip(std::string_view bytes) {
  BlockPool pool;
  const H1Limits limits = small_limits();
  H1Parser parser(H1Parser::Kind::request, pool, limits);
  if (!read_head(parser, bytes)) return;
  Head first = std::move(parser.head());
  Sink sink;
  const bool last = parser.is_bodiless();
  if (write_request_head(sink, pool, first, plan_request(first, last)) == 0) return;

  H1Limits larger = limits;
  larger.head_bytes *= 2;
  H1Parser again(H1Parser::Kind::request, pool, larger);
  std::string_view rest = sink.text;
  demand(read_head(again, rest));
  demand(rest.empty());
  demand(again.is_bodiless() == last);
  demand(again.head().method() == first.method());
  demand(again.head().authority() == first.authority());
  demand(again.head().path() == first.path());
  demand(again.head().find(Token::kHost).value_or("") ==
         first.find(Token::kHost).value_or(first.authority()));
  demand(again.head().find("cookie") == first.find("cookie"));
}

// Answers each request when it has ended, now and then too early or not at all.
class Answerer final : public ServerEvents {
 public:
  explicit Answerer(Loop& loop) : loop_(loop) {}
  MessageEvents& on_request(MessageStream& stream) override {
    h1test::User& user = users.emplace_back();
    user.stream = &stream;
    if (users.size() % 5 == 0) user.when_body = [](h1test::User& told) { reset(told); };
    const bool at_once = users.size() % 3 == 0;
    (at_once ? user.when_head : user.when_end) = [this](h1test::User& told) { answer(told); };
    return user;
  }
  void on_connection_closed(const Error&) override { is_closed = true; }
  void on_malformed(const char*) override {}

  std::deque<h1test::User> users;
  bool is_closed = false;

 private:
  static void reset(h1test::User& user) {
    if (user.stream != nullptr) std::exchange(user.stream, nullptr)->reset(H2Code::cancel);
  }
  void answer(h1test::User& user) {
    if (user.stream == nullptr) return;
    Head head(loop_.pool());
    head.status = users.size() % 4 == 0 ? 101 : 200;
    (void)head.add("upgrade", "x");
    user.stream->send_head(head, false);
    user.stream->send_body(as_bytes("hello"));
    user.stream->send_end();
  }

  Loop& loop_;
};

void check_server(std::string_view bytes, std::size_t piece) {
  Loop loop;
  const H1Limits limits = small_limits();
  Answerer answerer(loop);
  {
    test::MemoryStreamPair pipe(loop);
    H1Server server(loop, pipe.server, answerer, limits);
    pipe.server.set_largest_read(piece);
    server.start({});
    pipe.client.write(as_bytes(bytes));
    pipe.client.end();
    for (int i = 0; i < 4; ++i) loop.run_once(false);
  }
  loop.run_once(false);
  for (const h1test::User& user : answerer.users) demand(user.stream == nullptr);
  demand(loop.pool().bytes_in_use() == 0);
}

// Asks again on the same connection while it lets us.
void ask(H1Client& client, Loop& loop, Answering answering, h1test::User& user) {
  user.stream = client.open(user);
  if (user.stream == nullptr) return;
  Head head(loop.pool());
  constexpr const char* kMethods[] = {"POST", "HEAD", "CONNECT", "GET"};
  (void)head.set_method(kMethods[static_cast<int>(answering)]);
  if (answering == Answering::connect)
    (void)head.set_authority("h:1");
  else
    (void)head.set_path("/");
  if (answering == Answering::upgrade) {
    (void)head.add("connection", "upgrade");
    (void)head.add("upgrade", "x");
  }
  user.stream->send_head(head, answering == Answering::head);
  user.stream->send_end();
}

void check_client(std::string_view bytes, std::size_t piece) {
  Loop loop;
  const H1Limits limits = small_limits();
  std::deque<h1test::User> users;
  {
    test::MemoryStreamPair pipe(loop);
    h1test::PoolStub pool;
    H1Client client(loop, pipe.client, pool, limits);
    pipe.client.set_largest_read(piece);
    client.start();
    for (std::size_t n = 0; n < 3; ++n) {
      ask(client, loop, static_cast<Answering>((piece + n) % 4), users.emplace_back());
      const std::string_view part = bytes.substr(bytes.size() * n / 3, bytes.size() / 3 + 1);
      pipe.server.write(as_bytes(part));
      for (int i = 0; i < 2; ++i) loop.run_once(false);
    }
    pipe.server.end();
    for (int i = 0; i < 2; ++i) loop.run_once(false);
  }
  loop.run_once(false);
  for (const h1test::User& user : users) demand(user.stream == nullptr);
  demand(loop.pool().bytes_in_use() == 0);
}

}  // namespace
}  // namespace mesh::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool is_request = (data[0] & 1) == 0;
  const std::size_t piece = 1 + (data[0] >> 1) % 40u;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  mesh::http::check_pieces(bytes, is_request, piece);
  if (!is_request) {
    mesh::http::check_client(bytes, piece);
    return 0;
  }
  mesh::http::check_round_trip(bytes);
  mesh::http::check_server(bytes, piece);
  return 0;
}
