#include "meshkit/tls/post_handshake.h"

#include <doctest/doctest.h>

#include <vector>

namespace mesh::tls {
namespace {

using Ask = PostHandshake::Ask;
using Content = std::vector<std::uint8_t>;

const Content kQuietUpdate{24, 0, 0, 1, 0};
const Content kAskingUpdate{24, 0, 0, 1, 1};

Content ticket(std::size_t size) {
  Content message(4 + size, 7);
  message[0] = 4;
  message[1] = static_cast<std::uint8_t>(size >> 16);
  message[2] = static_cast<std::uint8_t>(size >> 8);
  message[3] = static_cast<std::uint8_t>(size);
  return message;
}

Ask read_as_client(const Content& content) { return PostHandshake(true).read(content); }

TEST_SUITE("tls/post_handshake") {
  TEST_CASE("reads both kinds of key update") {
    CHECK(read_as_client(kQuietUpdate) == Ask::update_keys);
    CHECK(read_as_client(kAskingUpdate) == Ask::update_keys_and_answer);
  }

  TEST_CASE("skips tickets, also several in a record") {
    Content two = ticket(200);
    const Content second = ticket(1);
    two.insert(two.end(), second.begin(), second.end());
    PostHandshake reader(true);

    CHECK(reader.read(two) == Ask::nothing);
    CHECK_FALSE(reader.is_inside_message());
    CHECK(reader.read(kQuietUpdate) == Ask::update_keys);
  }

  TEST_CASE("takes messages cut anywhere") {
    Content all = ticket(20);
    all.insert(all.end(), kAskingUpdate.begin(), kAskingUpdate.end());
    for (std::size_t cut = 1; cut < all.size(); ++cut) {
      PostHandshake reader(true);
      CHECK(reader.read(Bytes(all).first(cut)) == Ask::nothing);
      CHECK(reader.is_inside_message() == (cut != 24));
      CHECK(reader.read(Bytes(all).subspan(cut)) == Ask::update_keys_and_answer);
      CHECK_FALSE(reader.is_inside_message());
    }
  }

  TEST_CASE("refuses tickets to a server") {
    CHECK(PostHandshake(false).read(ticket(20)) == Ask::refuse_unexpected);
    CHECK(PostHandshake(false).read(kQuietUpdate) == Ask::update_keys);
  }

  TEST_CASE("refuses every other message") {
    for (int type = 0; type < 256; ++type) {
      if (type == 4 || type == 24) continue;
      CHECK(read_as_client({static_cast<std::uint8_t>(type), 0, 0, 1, 0}) ==
            Ask::refuse_unexpected);
    }
  }

  TEST_CASE("refuses messages of a wrong size or value") {
    CHECK(read_as_client({24, 0, 0, 2, 0, 0}) == Ask::refuse_malformed);
    CHECK(read_as_client({24, 0, 0, 0, 0}) == Ask::refuse_malformed);
    CHECK(read_as_client({24, 0, 0, 1, 2}) == Ask::refuse_illegal);
    CHECK(read_as_client({4, 0, 0, 0, 0}) == Ask::refuse_malformed);
    CHECK(read_as_client({4, 2, 0, 0, 0}) == Ask::refuse_malformed);
  }

  TEST_CASE("refuses anything after a key update in its record") {
    Content two = kQuietUpdate;
    two.insert(two.end(), kQuietUpdate.begin(), kQuietUpdate.end());

    CHECK(read_as_client(two) == Ask::refuse_unexpected);
    two.resize(kQuietUpdate.size() + 1);
    CHECK(read_as_client(two) == Ask::refuse_unexpected);
  }
}

}  // namespace
}  // namespace mesh::tls
