#pragma once
// For tests of H1Server: a server connection whose client is a test that writes bytes.

#include <string>
#include <string_view>
#include <utility>

#include "meshkit/http/h1_server.h"
#include "tests/support/memory_stream.h"
#include "tests/support/recorder.h"
#include "tests/support/test_loop.h"
#include "tests/unit/meshkit/http/h1_users.h"

namespace mesh::http::h1test {

struct ServerFixture {
  explicit ServerFixture(const H1Limits& its_limits = {}, std::string_view prefix = {})
      : limits(its_limits), pipe(loop), server(loop, pipe.server, acceptor, limits) {
    pipe.client.start(client);
    server.start(as_bytes(prefix));
  }

  // What the client sends, and the turns it takes to arrive.
  void say(std::string_view bytes) {
    pipe.client.write(as_bytes(bytes));
    loop.settle();
  }
  Head head(std::uint16_t status, Fields fields = {}) {
    Head made(loop->pool());
    made.status = status;
    for (const auto& [name, value] : fields) (void)made.add(name, value);
    return made;
  }
  void answer(User& user, std::uint16_t status, Fields fields = {}, std::string_view body = {}) {
    user.stream->send_head(head(status, fields), body.empty());
    if (!body.empty()) {
      user.stream->send_body(as_bytes(body));
      user.stream->send_end();
    }
  }
  User& user(std::size_t index = 0) { return acceptor.users.at(index); }
  // What the client has received since it was last asked.
  std::string heard() { return std::exchange(client.received, {}); }

  test::TestLoop loop;
  H1Limits limits;
  test::MemoryStreamPair pipe;
  test::Recorder client;
  Acceptor acceptor;
  H1Server server;
};

}  // namespace mesh::http::h1test
