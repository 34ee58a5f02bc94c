#include "proxy/init/netlink_attributes.h"

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

namespace {

// A message with room for attributes, filled with what must be overwritten.
struct Message {
  Message() {
    bytes.fill(0xee);
    head()->nlmsg_len = NLMSG_HDRLEN;
  }
  nlmsghdr* head() { return reinterpret_cast<nlmsghdr*>(bytes.data()); }
  nlattr* first() { return static_cast<nlattr*>(mnl_nlmsg_get_payload(head())); }
  int size() { return static_cast<int>(head()->nlmsg_len) - NLMSG_HDRLEN; }

  alignas(8) std::array<unsigned char, 256> bytes{};
};

int note_type(const nlattr* attribute, void* data) {
  static_cast<std::vector<int>*>(data)->push_back(mnl_attr_get_type(attribute));
  return 1;
}

int stop_at_two(const nlattr* attribute, void* data) {
  note_type(attribute, data);
  return mnl_attr_get_type(attribute) == 2 ? 0 : 1;
}

}  // namespace

TEST_SUITE("init/netlink_attributes") {
  TEST_CASE("lays out an attribute with its length, type, value and padding") {
    Message message;

    mnl_attr_put_strz(message.head(), 7, "ab");

    const std::array<unsigned char, 8> expected{7, 0, 7, 0, 'a', 'b', 0, 0};
    CHECK(message.head()->nlmsg_len == NLMSG_HDRLEN + 8);
    CHECK(std::memcmp(message.first(), expected.data(), expected.size()) == 0);
    CHECK(message.bytes[NLMSG_HDRLEN + 8] == 0xee);
  }

  TEST_CASE("reads back numbers of every width") {
    Message message;
    mnl_attr_put_u8(message.head(), 1, 0x12);
    mnl_attr_put_u16(message.head(), 2, 0x1234);
    mnl_attr_put_u32(message.head(), 3, 0x12345678);
    mnl_attr_put_u64(message.head(), 4, 0x123456789abcdef0);

    const nlattr* attribute = message.first();
    CHECK(mnl_attr_get_u8(attribute) == 0x12);
    attribute = mnl_attr_next(attribute);
    CHECK(mnl_attr_get_u16(attribute) == 0x1234);
    attribute = mnl_attr_next(attribute);
    CHECK(mnl_attr_get_u32(attribute) == 0x12345678);
    attribute = mnl_attr_next(attribute);
    CHECK(mnl_attr_get_u64(attribute) == 0x123456789abcdef0);
  }

  TEST_CASE("writes strings with and without their end") {
    Message message;
    mnl_attr_put_str(message.head(), 1, "nat");
    mnl_attr_put_strz(message.head(), 2, "nat");

    CHECK(mnl_attr_get_payload_len(message.first()) == 3);
    CHECK(mnl_attr_get_payload_len(mnl_attr_next(message.first())) == 4);
    CHECK(std::string(mnl_attr_get_str(mnl_attr_next(message.first()))) == "nat");
  }

  TEST_CASE("encloses what is written between start and end of a nest") {
    Message message;
    nlattr* outer = mnl_attr_nest_start(message.head(), 5);
    mnl_attr_put_u8(message.head(), 1, 1);
    nlattr* inner = mnl_attr_nest_start(message.head(), 6);
    mnl_attr_put_u32(message.head(), 2, 2);
    mnl_attr_nest_end(message.head(), inner);
    mnl_attr_nest_end(message.head(), outer);

    CHECK(outer->nla_type == (5 | NLA_F_NESTED));
    CHECK(mnl_attr_get_type(outer) == 5);
    CHECK(outer->nla_len == 4 + 8 + 4 + 8);
    CHECK(inner->nla_len == 4 + 8);
    std::vector<int> types;
    CHECK(mnl_attr_parse_nested(outer, note_type, &types) == 1);
    CHECK(types == std::vector<int>{1, 6});
  }

  TEST_CASE("walks all attributes behind the fixed part and stops when told") {
    Message message;
    mnl_attr_put_u32(message.head(), 9, 0);  // stands for a fixed part of 8 bytes
    for (std::uint16_t type = 1; type <= 3; ++type) mnl_attr_put_u8(message.head(), type, 0);

    std::vector<int> all;
    std::vector<int> some;
    CHECK(mnl_attr_parse(message.head(), 8, note_type, &all) == 1);
    CHECK(mnl_attr_parse(message.head(), 8, stop_at_two, &some) == 0);

    CHECK(all == std::vector<int>{1, 2, 3});
    CHECK(some == std::vector<int>{1, 2});
  }

  TEST_CASE("does not walk into an attribute that is cut off or shorter than its head") {
    Message message;
    mnl_attr_put_u32(message.head(), 1, 0);
    mnl_attr_put_u32(message.head(), 2, 0);
    std::vector<int> types;

    message.head()->nlmsg_len -= 1;
    mnl_attr_parse(message.head(), 0, note_type, &types);
    CHECK(types == std::vector<int>{1});

    types.clear();
    message.first()->nla_len = 3;
    mnl_attr_parse(message.head(), 0, note_type, &types);
    CHECK(types.empty());
  }

  TEST_CASE("accepts an attribute only if all of it is there") {
    Message message;
    mnl_attr_put_u32(message.head(), 1, 0);

    CHECK(mnl_attr_ok(message.first(), message.size()));
    CHECK_FALSE(mnl_attr_ok(message.first(), message.size() - 1));
    CHECK_FALSE(mnl_attr_ok(message.first(), 3));
    CHECK_FALSE(mnl_attr_ok(message.first(), 0));
    CHECK_FALSE(mnl_attr_ok(message.first(), -4));
  }

  TEST_CASE("tells types that are too high from those that are known") {
    Message message;
    mnl_attr_put(message.head(), 5 | NLA_F_NESTED, 0, nullptr);

    CHECK(mnl_attr_type_valid(message.first(), 5) == 1);
    errno = 0;
    CHECK(mnl_attr_type_valid(message.first(), 4) == -1);
    CHECK(errno == EOPNOTSUPP);
  }

  TEST_CASE("checks the size of numbers and the end of strings") {
    Message message;
    mnl_attr_put(message.head(), 1, 4, "nat");
    nlattr* attribute = message.first();

    CHECK(mnl_attr_validate(attribute, AttributeKind::u32) == 0);
    CHECK(mnl_attr_validate(attribute, AttributeKind::binary) == 0);
    CHECK(mnl_attr_validate(attribute, AttributeKind::terminated_string) == 0);
    for (const auto type :
         {AttributeKind::u8, AttributeKind::u16, AttributeKind::u64, AttributeKind::flag})
      CHECK(mnl_attr_validate(attribute, type) == -1);
    CHECK(errno == ERANGE);

    attribute->nla_len -= 1;
    CHECK(mnl_attr_validate(attribute, AttributeKind::terminated_string) == -1);
    CHECK(errno == EINVAL);
    CHECK(mnl_attr_validate(attribute, AttributeKind::string) == 0);
    CHECK(mnl_attr_validate(attribute, AttributeKind::nested) == -1);

    attribute->nla_len = NLA_HDRLEN;
    CHECK(mnl_attr_validate(attribute, AttributeKind::nested) == 0);
    CHECK(mnl_attr_validate(attribute, AttributeKind::flag) == 0);
    CHECK(mnl_attr_validate(attribute, AttributeKind::string) == -1);
    CHECK(mnl_attr_validate(attribute, AttributeKind::terminated_string) == -1);
  }
}
