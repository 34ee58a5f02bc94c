#pragma once
// For tests of H1Client: a client connection whose server is a test that writes bytes.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include "meshkit/http/h1_client.h"
#include "tests/support/memory_stream.h"
#include "tests/support/recorder.h"
#include "tests/support/test_loop.h"
#include "tests/unit/meshkit/http/h1_users.h"

namespace mesh::http::h1test {

struct ClientFixture {
  explicit ClientFixture(const H1Limits& its_limits = {})
      : limits(its_limits), pipe(loop), client(loop, pipe.client, pool, limits) {
    pipe.server.start(server);
    client.start();
  }

  Head request(const char* method, const char* path, Fields fields = {}) {
    Head made(loop->pool());
    (void)made.set_method(method);
    (void)made.set_path(path);
    for (const auto& [name, value] : fields) (void)made.add(name, value);
    return made;
  }
  void open(User& who) {
    who.stream = client.open(who);
    REQUIRE(who.stream != nullptr);
  }
  void get(User& who, const char* path = "/", Fields fields = {}) {
    open(who);
    who.stream->send_head(request("GET", path, fields), true);
    loop.settle();
  }
  // What the server sends, and the turns it takes to arrive.
  void say(std::string_view bytes) {
    pipe.server.write(as_bytes(bytes));
    loop.settle();
  }
  // What the server has received since it was last asked.
  std::string heard() { return std::exchange(server.received, {}); }

  test::TestLoop loop;
  H1Limits limits;
  test::MemoryStreamPair pipe;
  test::Recorder server;
  PoolStub pool;
  User user;
  User other;
  H1Client client;
};

inline constexpr const char* kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

}  // namespace mesh::http::h1test
