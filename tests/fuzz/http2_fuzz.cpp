// HTTP/2: a server or a client connection that hears arbitrary bytes.
//
// The first byte chooses the role, whether the greeting is said for the input (so that it need not
// be found), and the size of the pieces in which the rest arrives. Whatever the bytes, every
// exchange hears its events in the order that http/message.h promises and ends, and every block of
// memory goes back to the pool.

#include <cstdint>
#include <cstdlib>
#include <deque>
#include <string_view>

#include "meshkit/http/h2_client.h"
#include "meshkit/http/h2_server.h"
#include "tests/support/memory_stream.h"
#include "tests/unit/meshkit/http/h2_frames.h"

namespace mesh::http {
namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

H2Settings small_settings(bool extended_connect) {
  H2Settings settings;
  settings.max_streams = 20;
  settings.stream_window = 2'000;
  settings.max_stream_window = 8'000;
  settings.connection_window = 66'000;
  settings.max_connection_window = 100'000;
  settings.max_head = 3'000;
  settings.extended_connect = extended_connect;
  settings.limits.reset_burst = 30;
  settings.limits.idle_frame_burst = 50;
  return settings;
}

// Holds its stream to the order of events, and does one of several things with what it hears.
class User final : public MessageEvents {
 public:
  User(Loop& loop, unsigned habit, bool is_client)
      : loop_(loop), habit_(habit), is_client_(is_client) {}

  void open(MessageStream* given) { stream = given; }

  void on_informational(Head& head) override {
    demand(is_client_ && place_ == Place::start && head.status >= 100 && head.status < 200);
  }
  void on_head(Head& head, bool last) override {
    demand(place_ == Place::start);
    demand(is_client_ == (head.status != 0));
    demand(is_client_ || (!head.method().empty() && !head.authority().empty()));
    place_ = last ? Place::ended : Place::body;
    if (is_client_) return;
    if (habit_ == 0) return answer(last);
    if (habit_ == 1) reset();
    if (habit_ == 2) answer_at_once();
  }
  void on_body(Bytes bytes) override {
    demand(place_ == Place::body && !bytes.empty());
    if (habit_ != 3) stream->consumed(bytes.size());
    if (habit_ == 0 && !is_client_) stream->send_body(bytes);
    if (habit_ == 4) reset();
  }
  void on_trailers(Head&) override {
    demand(place_ == Place::body);
    place_ = Place::trailers;
  }
  void on_end() override {
    demand(place_ == Place::body || place_ == Place::trailers);
    place_ = Place::ended;
    if (!is_client_ && stream != nullptr) stream->send_end();
  }
  void on_reset(const Reset&) override {
    demand(!is_over());
    was_reset_ = true;
  }
  void on_sent(std::size_t bytes) override { demand(!is_over() && bytes != 0); }
  void on_closed() override {
    demand(!is_over() && (was_reset_ || place_ == Place::ended));
    stream = nullptr;
  }
  bool is_over() const { return stream == nullptr; }

  MessageStream* stream = nullptr;

 private:
  enum class Place { start, body, trailers, ended };

  void answer(bool last) {
    Head head(loop_.pool());
    head.status = 200;
    stream->send_head(head, last);
  }
  void answer_at_once() {
    answer(false);
    stream->send_body(as_bytes(std::string_view("an answer before the request has ended")));
    Head trailers(loop_.pool());
    (void)trailers.add("x-sum", "1");
    stream->send_trailers(trailers);
  }
  void reset() {
    stream->reset(H2Code::cancel);
    stream = nullptr;
  }

  Loop& loop_;
  unsigned habit_;
  bool is_client_;
  bool was_reset_ = false;
  Place place_ = Place::start;
};

class Owner final : public ServerEvents, public ClientEvents {
 public:
  explicit Owner(Loop& loop) : loop_(loop) {}
  MessageEvents& on_request(MessageStream& stream) override {
    demand(!is_closed);
    User& user = users.emplace_back(loop_, static_cast<unsigned>(users.size() % 6), false);
    user.open(&stream);
    return user;
  }
  void on_connection_closed(const Error&) override {
    demand(!is_closed);
    is_closed = true;
  }
  void on_malformed(const char* reason) override { demand(reason != nullptr); }
  void on_available() override {}
  void on_draining() override {}

  std::deque<User> users;
  bool is_closed = false;

 private:
  Loop& loop_;
};

void hear(Loop& loop, mesh::test::MemoryStreamPair& pipe, std::string_view bytes) {
  pipe.client.write(as_bytes(bytes));
  loop.run_once(false);
  loop.run_once(false);
  pipe.client.end();
  for (int i = 0; i < 4; ++i) loop.run_once(false);
}

void check_server(std::string_view bytes, bool greets, std::size_t piece) {
  Loop loop;
  Owner owner(loop);
  {
    H2Context context(loop, H2Role::server, small_settings(piece % 2 == 0), 10'000);
    mesh::test::MemoryStreamPair pipe(loop);
    H2Server server(context, pipe.server, owner);
    pipe.server.set_largest_read(piece);
    server.start();
    if (greets) pipe.client.write(as_bytes(test::preface()));
    hear(loop, pipe, bytes);
  }
  loop.run_once(false);
  for (const User& user : owner.users) demand(user.is_over());
  demand(loop.pool().bytes_in_use() == 0);
}

void open_exchanges(Loop& loop, H2Client& client, Owner& owner) {
  const char* const kMethods[] = {"GET", "POST", "HEAD", "CONNECT", "GET", "POST"};
  for (const char* method : kMethods) {
    const std::string_view name = method;
    User& user = owner.users.emplace_back(loop, static_cast<unsigned>(owner.users.size()), true);
    user.open(client.open(user));
    Head head(loop.pool());
    (void)head.set_method(name);
    (void)head.set_authority("a:1");
    if (name != "CONNECT") (void)head.set_path("/");
    user.stream->send_head(head, name != "POST" && name != "CONNECT");
    if (name == "POST") user.stream->send_body(as_bytes("body"));
  }
}

void check_client(std::string_view bytes, bool greets, std::size_t piece) {
  Loop loop;
  Owner owner(loop);
  {
    H2Context context(loop, H2Role::client, small_settings(false), 10'000);
    mesh::test::MemoryStreamPair pipe(loop);
    H2Client client(context, pipe.server, owner);
    pipe.server.set_largest_read(piece);
    client.start();
    open_exchanges(loop, client, owner);
    if (greets) pipe.client.write(as_bytes(test::frame(test::kSettings, 0, 0, "")));
    hear(loop, pipe, bytes);
  }
  loop.run_once(false);
  for (const User& user : owner.users) demand(user.is_over());
  demand(loop.pool().bytes_in_use() == 0);
}

}  // namespace
}  // namespace mesh::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool is_client = (data[0] & 1) != 0;
  const bool greets = (data[0] & 2) != 0;
  const std::size_t piece = 1 + (data[0] >> 2) * 7u;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (is_client)
    mesh::http::check_client(bytes, greets, piece);
  else
    mesh::http::check_server(bytes, greets, piece);
  return 0;
}
