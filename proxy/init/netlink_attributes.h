#pragma once
// Netlink attributes: type-length-value records behind the fixed head of a netlink message.
//
//     |<- nla_len: head and value, without the padding ->|
//     +-------------+-------------+----------------------+---------+
//     | nla_len u16 | nla_type u16| value                | to 4 B  |   numbers in host order
//     +-------------+-------------+----------------------+---------+
//     nla_type: bit 15 = the value is a list of attributes, bit 14 = the value is big-endian
//
// Source: the kernel's include/uapi/linux/netlink.h and Documentation/userspace-api/netlink.
//
// libnftnl writes and reads attributes through the functions of libmnl, which a static program
// cannot have from Debian; these are the ones that it refers to, under the names and with the
// results that it expects. Writers append to the message and do not check for room: the caller
// keeps nft_batch's kMessageRoom bytes free behind it. Readers expect attributes that have passed
// mnl_attr_ok.

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>

extern "C" {

// The kinds of value that mnl_attr_validate checks.
enum class AttributeKind : unsigned {
  any,
  u8,
  u16,
  u32,
  u64,
  string,
  flag,
  milliseconds,
  nested,
  nested_compatible,
  terminated_string,
  binary,
};

// 1: go on, 0: stop, -1: stop, with errno set.
using AttributeCallback = int (*)(const nlattr* attribute, void* data);

void* mnl_nlmsg_get_payload(const nlmsghdr* message);

std::uint16_t mnl_attr_get_type(const nlattr* attribute);
std::uint16_t mnl_attr_get_payload_len(const nlattr* attribute);
void* mnl_attr_get_payload(const nlattr* attribute);
std::uint8_t mnl_attr_get_u8(const nlattr* attribute);
std::uint16_t mnl_attr_get_u16(const nlattr* attribute);
std::uint32_t mnl_attr_get_u32(const nlattr* attribute);
std::uint64_t mnl_attr_get_u64(const nlattr* attribute);
const char* mnl_attr_get_str(const nlattr* attribute);

void mnl_attr_put(nlmsghdr* message, std::uint16_t type, std::size_t size, const void* value);
void mnl_attr_put_u8(nlmsghdr* message, std::uint16_t type, std::uint8_t value);
void mnl_attr_put_u16(nlmsghdr* message, std::uint16_t type, std::uint16_t value);
void mnl_attr_put_u32(nlmsghdr* message, std::uint16_t type, std::uint32_t value);
void mnl_attr_put_u64(nlmsghdr* message, std::uint16_t type, std::uint64_t value);
void mnl_attr_put_str(nlmsghdr* message, std::uint16_t type, const char* value);   // without NUL
void mnl_attr_put_strz(nlmsghdr* message, std::uint16_t type, const char* value);  // with NUL
nlattr* mnl_attr_nest_start(nlmsghdr* message, std::uint16_t type);
void mnl_attr_nest_end(nlmsghdr* message, nlattr* start);

// Whether a whole attribute begins at `attribute` with `size` bytes left.
bool mnl_attr_ok(const nlattr* attribute, int size);
nlattr* mnl_attr_next(const nlattr* attribute);

// 1, or -1 and errno: EOPNOTSUPP for a type above `highest`, which readers skip.
int mnl_attr_type_valid(const nlattr* attribute, std::uint16_t highest);
// 0, or -1 and errno: ERANGE for a wrong size, EINVAL for a string without end.
int mnl_attr_validate(const nlattr* attribute, AttributeKind type);

// Calls `each` for every attribute behind the first `offset` bytes of the payload, or inside
// `parent`. The result is that of the last call, 1 when there was none.
int mnl_attr_parse(const nlmsghdr* message, unsigned offset, AttributeCallback each, void* data);
int mnl_attr_parse_nested(const nlattr* parent, AttributeCallback each, void* data);
}
