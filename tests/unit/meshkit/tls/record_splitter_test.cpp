#include "meshkit/tls/record_splitter.h"

#include <doctest/doctest.h>

#include <vector>

#include "meshkit/tls/record_protection.h"

namespace mesh::tls {
namespace {

using Buffer = std::vector<std::uint8_t>;

Buffer record_of(std::size_t payload) {
  Buffer record(kRecordHeader + payload, static_cast<std::uint8_t>(payload));
  record[0] = 23;
  record[1] = record[2] = 3;
  store_be16(&record[3], static_cast<std::uint16_t>(payload));
  return record;
}

// Everything that comes out when `stream` goes in in pieces of `piece` bytes.
std::vector<Buffer> split(RecordSplitter& splitter, const Buffer& stream, std::size_t piece) {
  std::vector<Buffer> records;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    Bytes bytes = Bytes(stream).subspan(at, std::min(piece, stream.size() - at));
    for (Bytes record = splitter.next(bytes); !record.empty(); record = splitter.next(bytes))
      records.emplace_back(record.begin(), record.end());
    if (!splitter.has_failed()) CHECK(bytes.empty());
  }
  return records;
}

TEST_SUITE("tls/record_splitter") {
  TEST_CASE("finds the records of a stream that is cut anywhere") {
    const std::vector<Buffer> records{record_of(17), record_of(300), record_of(18),
                                      record_of(4000)};
    Buffer stream;
    for (const Buffer& record : records) stream.insert(stream.end(), record.begin(), record.end());

    for (std::size_t piece = 1; piece <= stream.size(); piece += piece < 400 ? 1 : 97) {
      BlockPool pool;
      RecordSplitter splitter(pool);
      CHECK(split(splitter, stream, piece) == records);
      CHECK_FALSE(splitter.is_inside_record());
    }
  }

  TEST_CASE("owns nothing while no record is cut") {
    BlockPool pool;
    RecordSplitter splitter(pool);
    const Buffer record = record_of(1000);

    Bytes bytes = record;
    const Bytes whole = splitter.next(bytes);

    CHECK(whole.data() == record.data());
    CHECK(pool.bytes_in_use() == 0);
  }

  TEST_CASE("gives back what it kept as soon as the record is used") {
    BlockPool pool;
    RecordSplitter splitter(pool);
    const Buffer record = record_of(1000);
    Bytes first = Bytes(record).first(500);
    Bytes second = Bytes(record).subspan(500);

    CHECK(splitter.next(first).empty());
    CHECK(splitter.is_inside_record());
    CHECK(pool.bytes_in_use() > 0);
    CHECK(splitter.next(second).size() == record.size());
    CHECK(splitter.next(second).empty());

    CHECK(pool.bytes_in_use() == 0);
    CHECK_FALSE(splitter.is_inside_record());
  }

  TEST_CASE("keeps a cut header without a block") {
    BlockPool pool;
    RecordSplitter splitter(pool);
    const Buffer record = record_of(1000);
    Bytes header = Bytes(record).first(4);

    CHECK(splitter.next(header).empty());

    CHECK(splitter.is_inside_record());
    CHECK(pool.bytes_in_use() == 0);
  }

  TEST_CASE("refuses headers that no protected record has, however they are cut") {
    for (const auto& [at, value] : {std::pair<std::size_t, std::uint8_t>{0, 22},
                                    {0, 21},
                                    {0, 0},
                                    {1, 2},
                                    {2, 1},
                                    {2, 4},
                                    {4, 1},
                                    {3, 0xff}}) {
      Buffer record = record_of(16640);
      record[at] = value;
      for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, record.size()}) {
        BlockPool pool;
        RecordSplitter splitter(pool);
        CHECK(split(splitter, record, piece).empty());
        CHECK(splitter.has_failed());
      }
    }
    BlockPool pool;
    RecordSplitter splitter(pool);
    CHECK(split(splitter, record_of(16), 21).empty());
    CHECK(splitter.has_failed());
  }
}

}  // namespace
}  // namespace mesh::tls
