#pragma once
// For tests of HTTP/2: an H2Client and an H2Server joined by memory, and users that remember what
// they were told.

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "meshkit/http/h2_client.h"
#include "meshkit/http/h2_server.h"
#include "tests/support/memory_stream.h"
#include "tests/support/test_loop.h"

namespace mesh::http::test {

// One exchange's user. `log` has a word per event: "head", "head.", "body", "trailers", "end",
// "info", "reset", "closed"; a full stop marks `last`.
class Peer final : public MessageEvents {
 public:
  void on_informational(Head& received) override {
    say("info");
    informational_status = received.status;
  }
  void on_head(Head& received, bool last) override {
    say(last ? "head." : "head");
    head.emplace(received.copy());
    if (when_head) when_head(*this);
  }
  void on_body(Bytes bytes) override {
    say("body");
    body.append(as_text(bytes));
    if (consumes && stream != nullptr) stream->consumed(bytes.size());
    if (echoes && stream != nullptr) stream->send_body(bytes);
  }
  void on_trailers(Head& received) override {
    say("trailers");
    trailers.emplace(received.copy());
  }
  void on_end() override {
    say("end");
    if (echoes && stream != nullptr) stream->send_end();
  }
  void on_reset(const Reset& told) override {
    say("reset");
    reset = told;
  }
  void on_sent(std::size_t bytes) override { sent += bytes; }
  void on_closed() override {
    say("closed");
    stream = nullptr;
  }

  // Repeated body events show once.
  void say(const char* word) {
    if (last_word == word && last_word == "body") return;
    last_word = word;
    log.append(log.empty() ? "" : " ").append(word);
  }

  MessageStream* stream = nullptr;
  std::string log;
  std::string last_word;
  std::string body;
  std::optional<Head> head;
  std::optional<Head> trailers;
  std::optional<Reset> reset;
  std::uint16_t informational_status = 0;
  std::size_t sent = 0;
  bool consumes = true;
  bool echoes = false;
  Callback<void(Peer&)> when_head;
};

class Owner final : public ServerEvents, public ClientEvents {
 public:
  MessageEvents& on_request(MessageStream& stream) override {
    requests.emplace_back();
    Peer& peer = requests.back();
    peer.stream = &stream;
    if (prepare) prepare(peer);
    return peer;
  }
  void on_connection_closed(const Error& told) override { closed = told; }
  void on_malformed(const char* reason) override { malformed.emplace_back(reason); }
  void on_available() override { ++available; }
  void on_draining() override { ++draining; }

  std::deque<Peer> requests;  // addresses stay
  Callback<void(Peer&)> prepare;
  std::vector<std::string> malformed;
  std::optional<Error> closed;
  int available = 0;
  int draining = 0;
};

inline Head request_head(Loop& loop, std::string_view method = "GET", std::string_view path = "/") {
  Head head(loop.pool());
  head.version = Version::http2;
  (void)head.set_method(method);
  (void)head.set_scheme("http");
  (void)head.set_authority("web.test:8080");
  (void)head.set_path(path);
  return head;
}

inline Head response_head(Loop& loop, std::uint16_t status = 200) {
  Head head(loop.pool());
  head.version = Version::http2;
  head.status = status;
  return head;
}

struct H2Pair {
  explicit H2Pair(const H2Settings& server_settings = {}, const H2Settings& client_settings = {},
                  bool start_now = true)
      : server_context(loop, H2Role::server, server_settings),
        client_context(loop, H2Role::client, client_settings),
        pipe(loop),
        server(std::in_place, server_context, pipe.server, server_owner),
        client(std::in_place, client_context, pipe.client, client_owner) {
    if (start_now) start();
  }
  void start() {
    server->start();
    client->start();
    loop.settle();
  }
  void settle() { loop.settle(); }

  // Opens an exchange and sends its head.
  Peer& send(const Head& head, bool last = true) {
    exchanges.emplace_back();
    Peer& peer = exchanges.back();
    peer.stream = client->open(peer);
    if (peer.stream != nullptr) peer.stream->send_head(head, last);
    return peer;
  }
  Peer& get(std::string_view path = "/") { return send(request_head(loop, "GET", path)); }
  Peer& post(std::string_view path = "/") { return send(request_head(loop, "POST", path), false); }
  Head ok() { return response_head(loop); }

  mesh::test::TestLoop loop;
  H2Context server_context;
  H2Context client_context;
  mesh::test::MemoryStreamPair pipe;
  Owner server_owner;
  Owner client_owner;
  std::deque<Peer> exchanges;
  std::optional<H2Server> server;
  std::optional<H2Client> client;
};

}  // namespace mesh::http::test
