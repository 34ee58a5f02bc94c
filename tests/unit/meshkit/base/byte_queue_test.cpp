#include "meshkit/base/byte_queue.h"

#include <doctest/doctest.h>

#include <string>

namespace mesh {
namespace {

std::string drain(ByteQueue& queue) {
  std::string all;
  while (!queue.empty()) {
    all += as_text(queue.front());
    queue.consume(queue.front().size());
  }
  return all;
}

std::string numbered(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}

TEST_SUITE("base/byte_queue") {
  TEST_CASE("gives back the bytes in the order they came") {
    BlockPool pool;
    ByteQueue queue(pool);

    queue.append(as_bytes("one "));
    queue.append(as_bytes("two"));

    CHECK(queue.size() == 7);
    CHECK(drain(queue) == "one two");
  }

  TEST_CASE("owns no memory when empty") {
    BlockPool pool;
    ByteQueue queue(pool);
    CHECK(pool.bytes_in_use() == 0);

    queue.append(as_bytes(numbered(100'000)));
    CHECK(pool.bytes_in_use() >= 100'000);
    queue.consume(queue.size());

    CHECK(pool.bytes_in_use() == 0);
  }

  TEST_CASE("a few bytes do not pin a large chunk") {
    BlockPool pool;
    ByteQueue queue(pool);

    queue.append(as_bytes("x"));

    CHECK(pool.bytes_in_use() <= 1024);
  }

  TEST_CASE("keeps order across many chunks and partial reads") {
    BlockPool pool;
    ByteQueue queue(pool);
    const std::string text = numbered(200'000);
    std::string seen;

    for (std::size_t at = 0, step = 1; at < text.size(); at += step, step = step * 3 % 9973 + 1) {
      queue.append(as_bytes(std::string_view(text).substr(at, step)));
      const std::size_t n = std::min<std::size_t>(queue.front().size(), step / 2 + 1);
      seen += as_text(queue.front().first(n));
      queue.consume(n);
    }
    seen += drain(queue);

    CHECK((seen == text));
  }

  TEST_CASE("consumes across chunk boundaries") {
    BlockPool pool;
    ByteQueue queue(pool);
    const std::string text = numbered(100'000);
    queue.append(as_bytes(text));

    queue.consume(70'000);

    CHECK(queue.size() == 30'000);
    CHECK((drain(queue) == text.substr(70'000)));
  }

  TEST_CASE("gathers leading runs for a writev, at most as many as there is room for") {
    BlockPool pool;
    ByteQueue queue(pool);
    const std::string text = numbered(100'000);
    queue.append(as_bytes(text));
    queue.consume(10);
    iovec pieces[64];

    const int all = queue.gather(pieces, 64);
    std::string seen;
    for (int i = 0; i < all; ++i)
      seen.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);

    CHECK((seen == text.substr(10)));
    CHECK(queue.gather(pieces, 2) == 2);
  }

  TEST_CASE("takes over the chunks of another queue without copying") {
    BlockPool pool;
    ByteQueue first(pool);
    ByteQueue second(pool);
    first.append(as_bytes("head "));
    second.append(as_bytes(numbered(50'000)));
    const std::uint64_t before = pool.system_allocations();

    first.append(std::move(second));

    CHECK(pool.system_allocations() == before);
    CHECK(second.empty());
    CHECK((drain(first) == "head " + numbered(50'000)));
  }

  TEST_CASE("an emptied source of a take-over can be used again") {
    BlockPool pool;
    ByteQueue first(pool);
    ByteQueue second(pool);
    second.append(as_bytes("a"));
    first.append(std::move(second));

    second.append(as_bytes("b"));
    first.append(std::move(second));

    CHECK(drain(first) == "ab");
  }

  TEST_CASE("reserves contiguous room that counts once committed") {
    BlockPool pool;
    ByteQueue queue(pool);
    queue.append(as_bytes("ab"));

    const MutableBytes room = queue.reserve(ByteQueue::kChunkBytes);
    REQUIRE(room.size() >= ByteQueue::kChunkBytes);
    CHECK(queue.size() == 2);
    room[0] = 'c';
    room[1] = 'd';
    queue.commit(2);
    queue.append(as_bytes("e"));

    CHECK(drain(queue) == "abcde");
  }

  TEST_CASE("a reservation survives the reading of what stands before it") {
    BlockPool pool;
    ByteQueue queue(pool);
    queue.append(as_bytes("ab"));

    const MutableBytes room = queue.reserve(1);
    queue.consume(1);
    room[0] = 'c';
    queue.commit(1);

    CHECK(drain(queue) == "bc");
  }

  TEST_CASE("skips empty chunks left by an unused reservation") {
    BlockPool pool;
    ByteQueue first(pool);
    ByteQueue second(pool);
    (void)first.reserve(10);
    second.append(as_bytes("x"));

    first.append(std::move(second));

    CHECK(as_text(first.front()) == "x");
    CHECK(drain(first) == "x");
  }

  TEST_CASE("moves with its bytes") {
    BlockPool pool;
    ByteQueue first(pool);
    first.append(as_bytes("x"));

    ByteQueue second(std::move(first));
    ByteQueue third(pool);
    third.append(as_bytes("lost"));
    third = std::move(second);

    CHECK(first.empty());
    CHECK(drain(third) == "x");
  }
}

}  // namespace
}  // namespace mesh
