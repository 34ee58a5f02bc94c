#pragma once
// For tests of H1Server and H1Client: exchange users and owners that write down what they are told.

#include <deque>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meshkit/base/callback.h"
#include "meshkit/http/message.h"

namespace mesh::http::h1test {

using Fields = std::initializer_list<std::pair<const char*, const char*>>;

inline std::string fields_of(const Head& head) {
  std::string text;
  for (std::size_t i = 0; i < head.size(); ++i)
    text.append(" ").append(head[i].name).append("=").append(head[i].value);
  return text;
}

// A user of one exchange. `log` has one word or phrase an event, joined by "; ":
// "GET /path a=b", "200 a=b", "100", "body: ...", "trailers a=b", "end", "reset <errc>", "closed".
// A full stop after a head marks `last`.
class User final : public MessageEvents {
 public:
  void on_informational(Head& head) override { say(std::to_string(head.status) + fields_of(head)); }
  void on_head(Head& head, bool last) override {
    std::string text =
        std::string(head.method()) + " " + std::string(head.authority()) + std::string(head.path());
    if (head.status != 0) text = std::to_string(head.status);
    version = head.version;
    absolute_form = head.absolute_form;
    say(text + fields_of(head) + (last ? "." : ""));
    if (when_head) when_head(*this);
  }
  void on_body(Bytes bytes) override {
    received += bytes.size();
    if (logs_body) {
      if (!in_body) say("body: ");
      log += as_text(bytes);
      in_body = true;
    }
    if (consumes && stream != nullptr) stream->consumed(bytes.size());
    if (when_body) when_body(*this);
  }
  void on_trailers(Head& trailers) override { say("trailers" + fields_of(trailers)); }
  void on_end() override {
    say("end");
    if (when_end) when_end(*this);
  }
  void on_reset(const Reset& told) override {
    reset = told;
    say(std::string("reset ") + name_of(told.error.code));
    stream = nullptr;
  }
  void on_sent(std::size_t bytes) override { sent += bytes; }
  void on_closed() override {
    say("closed");
    stream = nullptr;
  }

  MessageStream* stream = nullptr;
  std::string log;
  std::size_t received = 0;
  std::size_t sent = 0;
  std::optional<Reset> reset;
  Version version = Version::http11;
  bool absolute_form = false;
  bool consumes = true;
  bool logs_body = true;
  bool in_body = false;
  Callback<void(User&)> when_head;
  Callback<void(User&)> when_body;
  Callback<void(User&)> when_end;

 private:
  void say(std::string_view words) {
    in_body = false;
    log.append(log.empty() ? "" : "; ").append(words);
  }
};

// A server connection's owner: one User a request.
class Acceptor final : public ServerEvents {
 public:
  MessageEvents& on_request(MessageStream& stream) override {
    User& user = users.emplace_back();
    user.stream = &stream;
    if (prepare) prepare(user);
    return user;
  }
  void on_connection_closed(const Error& error) override { closed = error; }
  void on_malformed(const char* reason) override { malformed.emplace_back(reason); }

  std::deque<User> users;  // addresses stay
  std::vector<std::string> malformed;
  std::optional<Error> closed;
  Callback<void(User&)> prepare;
};

// A client connection's owner. `log` as above: "available", "draining", "closed <errc>".
class PoolStub final : public ClientEvents {
 public:
  void on_available() override {
    say("available");
    if (when_available) when_available(*this);
  }
  void on_draining() override { say("draining"); }
  void on_connection_closed(const Error& error) override {
    say(std::string("closed ") + name_of(error.code));
  }

  std::string log;
  Callback<void(PoolStub&)> when_available;

 private:
  void say(std::string_view words) { log.append(log.empty() ? "" : "; ").append(words); }
};

}  // namespace mesh::http::h1test
