#include "meshkit/tls/record_writer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "meshkit/tls/record_splitter.h"

namespace mesh::tls {
namespace {

using Buffer = std::vector<std::uint8_t>;

const Buffer kSecret(32, 0x33);
const TrafficSecret kFrom{0x1301, kSecret};

Buffer pattern(std::size_t size) {
  Buffer bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 + i / 251);
  return bytes;
}

struct Record {
  std::uint8_t type;
  Buffer content;
};

// Opens everything in `queue`, following key updates.
struct Reader {
  std::vector<Record> read(ByteQueue queue) {
    Buffer wire;
    for (Bytes run = queue.front(); !run.empty(); run = queue.front()) {
      wire.insert(wire.end(), run.begin(), run.end());
      queue.consume(run.size());
    }
    std::vector<Record> records;
    Bytes bytes = wire;
    for (Bytes record = splitter.next(bytes); !record.empty(); record = splitter.next(bytes)) {
      Buffer out(record.size());
      const auto opened = opener.open(record, out.data());
      REQUIRE(opened.verdict == Opener::Verdict::opened);
      out.resize(opened.size);
      if (opened.type == 22) opener.update();
      records.push_back({opened.type, out});
    }
    CHECK_FALSE(splitter.is_inside_record());
    return records;
  }

  BlockPool pool;
  RecordSplitter splitter{pool};
  Opener opener{kFrom};
};

Buffer joined(const std::vector<Record>& records) {
  Buffer all;
  for (const Record& record : records)
    all.insert(all.end(), record.content.begin(), record.content.end());
  return all;
}

TEST_SUITE("tls/record_writer") {
  TEST_CASE("gathers small writes in one record") {
    BlockPool pool;
    RecordWriter writer(pool, kFrom);
    Reader reader;

    writer.add(as_bytes("one "));
    writer.add(as_bytes("two "));
    writer.add(as_bytes("three"));

    const auto records = reader.read(writer.take());
    REQUIRE(records.size() == 1);
    CHECK(records[0].type == 23);
    CHECK(as_text(records[0].content) == "one two three");
    CHECK(writer.size() == 0);
  }

  TEST_CASE("keeps the order and every byte of writes of all sizes") {
    BlockPool pool;
    RecordWriter writer(pool, kFrom);
    Reader reader;
    Buffer expected;
    for (const std::size_t size :
         {1U, 4095U, 4096U, 9U, 16384U, 16385U, 3U, 70000U, 5000U, 0U, 977U, 1U}) {
      const Buffer data = pattern(size);
      expected.insert(expected.end(), data.begin(), data.end());
      writer.add(data);
    }

    CHECK(joined(reader.read(writer.take())) == expected);
  }

  TEST_CASE("makes few records of many small writes") {
    BlockPool pool;
    RecordWriter writer(pool, kFrom);
    Reader reader;
    const Buffer piece = pattern(100);

    for (int i = 0; i < 600; ++i) writer.add(piece);

    CHECK(reader.read(writer.take()).size() <= 8);
  }

  TEST_CASE("owns nothing once everything was taken") {
    BlockPool pool;
    RecordWriter writer(pool, kFrom);
    writer.add(pattern(100));
    writer.add(pattern(100000));
    CHECK(pool.bytes_in_use() > 0);

    writer.take().clear();

    CHECK(pool.bytes_in_use() == 0);
  }

  TEST_CASE("allocates nothing once warm") {
    BlockPool pool;
    RecordWriter writer(pool, kFrom);
    const Buffer small = pattern(200);
    const Buffer large = pattern(60000);
    const auto turn = [&] {
      writer.add(small);
      writer.add(large);
      writer.add(small);
      writer.take().clear();
    };
    turn();
    const std::uint64_t before = pool.system_allocations();

    for (int i = 0; i < 100; ++i) turn();

    CHECK(pool.system_allocations() == before);
  }

  TEST_CASE("sends alerts and key updates after the data before them") {
    BlockPool pool;
    RecordWriter writer(pool, kFrom);
    Reader reader;

    writer.add(as_bytes("old"));
    writer.add_key_update();
    writer.add(as_bytes("new"));
    writer.add_alert(Alert::close_notify);
    const auto records = reader.read(writer.take());

    REQUIRE(records.size() == 4);
    CHECK(as_text(records[0].content) == "old");
    CHECK(records[1].content == Buffer{24, 0, 0, 1, 0});
    CHECK(as_text(records[2].content) == "new");
    CHECK(records[3].type == 21);
    CHECK(records[3].content == Buffer{1, 0});
  }

  TEST_CASE("changes keys before they have protected too much") {
    BlockPool pool;
    RecordWriter writer(pool, {0x1301, kSecret, Sealer::kMaxRecords});
    writer.add(as_bytes("x"));
    ByteQueue sealed = writer.take();
    Buffer wire(sealed.front().begin(), sealed.front().end());

    Opener opener({0x1301, kSecret, Sealer::kMaxRecords});
    Buffer out(wire.size());
    const std::size_t update_size = kRecordOverhead + 5;
    CHECK(opener.open(Bytes(wire).first(update_size), out.data()).type == 22);
    opener.update();
    const auto data = opener.open(Bytes(wire).subspan(update_size), out.data());
    CHECK(data.type == 23);
    CHECK(data.size == 1);
  }
}

}  // namespace
}  // namespace mesh::tls
