#include "meshkit/tls/record_protection.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <numeric>
#include <string_view>
#include <vector>

namespace mesh::tls {
namespace {

using Buffer = std::vector<std::uint8_t>;
using Verdict = Opener::Verdict;

constexpr std::uint16_t kSuites[] = {0x1301, 0x1302, 0x1303};

Buffer from_hex(std::string_view text) {
  Buffer bytes;
  auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 0; i + 1 < text.size();) {
    if (text[i] == ' ') {
      ++i;
      continue;
    }
    bytes.push_back(static_cast<std::uint8_t>(digit(text[i]) * 16 + digit(text[i + 1])));
    i += 2;
  }
  return bytes;
}

Buffer secret_for(std::uint16_t suite) { return Buffer(suite == 0x1302 ? 48 : 32, 0x5a); }

Buffer seal(Sealer& sealer, Bytes plain, ContentType type = ContentType::application_data) {
  Buffer record(plain.size() + kRecordOverhead);
  sealer.seal(type, plain, record.data());
  return record;
}

Buffer pattern(std::size_t size) {
  Buffer bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{1});
  return bytes;
}

TEST_SUITE("tls/record_protection") {
  // RFC 8448 section 3: what both ends send after the handshake.
  TEST_CASE("seals and opens the records of the published trace") {
    const Buffer client_secret =
        from_hex("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5");
    const Buffer record = from_hex(
        "1703030043 a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a"
        "20441e2b62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4");
    const Buffer close_notify = from_hex("1703030013 c9872760655666b74d7ff1153efd6db6d0b0e3");
    Buffer plain(50);
    std::iota(plain.begin(), plain.end(), std::uint8_t{0});
    Sealer sealer({0x1301, client_secret});
    Opener opener({0x1301, client_secret});

    CHECK(seal(sealer, plain) == record);
    CHECK(seal(sealer, Buffer{1, 0}, ContentType::alert) == close_notify);

    Buffer out(record.size());
    const auto opened = opener.open(record, out.data());
    CHECK(opened.verdict == Verdict::opened);
    CHECK(opened.type == 23);
    CHECK(Buffer(out.begin(), out.begin() + static_cast<long>(opened.size)) == plain);
    CHECK(opener.open(close_notify, out.data()).type == 21);
  }

  TEST_CASE("opens what it seals, for every suite and across key updates") {
    for (const std::uint16_t suite : kSuites) {
      const Buffer secret = secret_for(suite);
      Sealer sealer({suite, secret});
      Opener opener({suite, secret});
      for (int generation = 0; generation < 3; ++generation) {
        for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 1000U, 16384U}) {
          const Buffer plain = pattern(size);
          const Buffer record = seal(sealer, plain);
          Buffer out(record.size() - kRecordHeader);
          const auto opened = opener.open(record, out.data());
          REQUIRE(opened.verdict == Verdict::opened);
          REQUIRE(opened.size == size);
          out.resize(size);
          REQUIRE(out == plain);
        }
        sealer.update();
        opener.update();
      }
    }
  }

  TEST_CASE("works in place at both ends") {
    const Buffer secret = secret_for(0x1301);
    Sealer sealer({0x1301, secret});
    Opener opener({0x1301, secret});
    const Buffer plain = pattern(1000);
    Buffer record(plain.size() + kRecordOverhead);
    std::copy(plain.begin(), plain.end(), record.begin() + kRecordHeader);

    sealer.seal(ContentType::application_data, {record.data() + kRecordHeader, plain.size()},
                record.data());
    const auto opened = opener.open(record, record.data() + kRecordHeader);

    REQUIRE(opened.verdict == Verdict::opened);
    CHECK(std::equal(plain.begin(), plain.end(), record.begin() + kRecordHeader));
  }

  TEST_CASE("goes on where the handshake's library stopped counting") {
    const Buffer secret = secret_for(0x1303);
    Sealer from_start({0x1303, secret});
    (void)seal(from_start, Buffer{1});
    (void)seal(from_start, Buffer{2});
    Sealer continued({0x1303, secret, 2});

    CHECK(seal(continued, Buffer{3}) == seal(from_start, Buffer{3}));
  }

  TEST_CASE("notices any changed bit, a repeated and a skipped record") {
    const Buffer secret = secret_for(0x1301);
    Sealer sealer({0x1301, secret});
    const Buffer record = seal(sealer, pattern(20));
    Buffer out(record.size());
    for (std::size_t at = 0; at < record.size(); ++at) {
      Buffer changed = record;
      changed[at] ^= 0x80;
      CHECK(Opener({0x1301, secret}).open(changed, out.data()).verdict == Verdict::forged);
    }

    Opener opener({0x1301, secret});
    CHECK(opener.open(record, out.data()).verdict == Verdict::opened);
    CHECK(opener.open(record, out.data()).verdict == Verdict::forged);
    (void)seal(sealer, pattern(20));
    CHECK(Opener({0x1301, secret, 1}).open(seal(sealer, pattern(20)), out.data()).verdict ==
          Verdict::forged);
  }

  TEST_CASE("drops padding, and refuses a record of nothing else") {
    // A plaintext that ends in a type and zeros is what a padding peer seals; the last byte, which
    // is meant to be the type, is the first zero of the padding here.
    const Buffer secret = secret_for(0x1301);
    Sealer sealer({0x1301, secret});
    Opener opener({0x1301, secret});
    const Buffer padded{'h', 'i', 23, 0, 0};
    const Buffer record = seal(sealer, padded, ContentType{0});
    const Buffer nothing = seal(sealer, Buffer(5, 0), ContentType{0});
    Buffer out(record.size());

    const auto opened = opener.open(record, out.data());
    CHECK(opened.verdict == Verdict::opened);
    CHECK(opened.type == 23);
    CHECK(opened.size == 2);
    CHECK(opener.open(nothing, out.data()).verdict == Verdict::no_type);
  }

  TEST_CASE("refuses more plaintext than a record may hold") {
    const Buffer secret = secret_for(0x1301);
    Sealer sealer({0x1301, secret});
    Opener opener({0x1301, secret});
    Buffer out(kMaxCiphertext);

    CHECK(opener.open(seal(sealer, pattern(kMaxPlaintext)), out.data()).verdict == Verdict::opened);
    CHECK(opener.open(seal(sealer, pattern(kMaxPlaintext + 1)), out.data()).verdict ==
          Verdict::too_long);
  }

  TEST_CASE("tells when a key has protected enough") {
    const Buffer secret = secret_for(0x1301);
    Sealer sealer({0x1301, secret, Sealer::kMaxRecords - 1});

    CHECK_FALSE(sealer.is_worn());
    (void)seal(sealer, Buffer{1});
    CHECK(sealer.is_worn());
    sealer.update();
    CHECK_FALSE(sealer.is_worn());
  }
}

}  // namespace
}  // namespace mesh::tls
