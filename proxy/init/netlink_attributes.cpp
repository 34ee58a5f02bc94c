#include "proxy/init/netlink_attributes.h"

#include <cerrno>
#include <cstring>

namespace {

std::byte* bytes_of(const void* record) {
  return static_cast<std::byte*>(const_cast<void*>(record));
}

std::byte* tail_of(nlmsghdr* message) {
  return bytes_of(message) + NLMSG_ALIGN(message->nlmsg_len);
}

template <class Number>
Number number_in(const nlattr* attribute) {
  Number number{};
  std::memcpy(&number, mnl_attr_get_payload(attribute), sizeof number);
  return number;
}

int parse_range(std::byte* from, std::byte* end, AttributeCallback each, void* data) {
  int result = 1;
  auto* attribute = reinterpret_cast<nlattr*>(from);
  while (mnl_attr_ok(attribute, static_cast<int>(end - bytes_of(attribute)))) {
    result = each(attribute, data);
    if (result <= 0) break;
    attribute = mnl_attr_next(attribute);
  }
  return result;
}

int refuse(int error) {
  errno = error;
  return -1;
}

// The exact size that a kind of value must have, 0 when any will do.
std::size_t exact_size(AttributeKind type) {
  switch (type) {
    case AttributeKind::u8: return 1;
    case AttributeKind::u16: return 2;
    case AttributeKind::u32: return 4;
    case AttributeKind::u64:
    case AttributeKind::milliseconds: return 8;
    default: return 0;
  }
}

}  // namespace

extern "C" {

void* mnl_nlmsg_get_payload(const nlmsghdr* message) { return bytes_of(message) + NLMSG_HDRLEN; }

std::uint16_t mnl_attr_get_type(const nlattr* attribute) {
  return attribute->nla_type & NLA_TYPE_MASK;
}

std::uint16_t mnl_attr_get_payload_len(const nlattr* attribute) {
  return static_cast<std::uint16_t>(attribute->nla_len - NLA_HDRLEN);
}

void* mnl_attr_get_payload(const nlattr* attribute) { return bytes_of(attribute) + NLA_HDRLEN; }

std::uint8_t mnl_attr_get_u8(const nlattr* attribute) { return number_in<std::uint8_t>(attribute); }

std::uint16_t mnl_attr_get_u16(const nlattr* attribute) {
  return number_in<std::uint16_t>(attribute);
}

std::uint32_t mnl_attr_get_u32(const nlattr* attribute) {
  return number_in<std::uint32_t>(attribute);
}

std::uint64_t mnl_attr_get_u64(const nlattr* attribute) {
  return number_in<std::uint64_t>(attribute);
}

const char* mnl_attr_get_str(const nlattr* attribute) {
  return static_cast<const char*>(mnl_attr_get_payload(attribute));
}

void mnl_attr_put(nlmsghdr* message, std::uint16_t type, std::size_t size, const void* value) {
  std::byte* place = tail_of(message);
  const std::size_t padded = NLA_ALIGN(size);
  auto* head = reinterpret_cast<nlattr*>(place);
  head->nla_type = type;
  head->nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + size);
  if (size > 0) std::memcpy(place + NLA_HDRLEN, value, size);
  std::memset(place + NLA_HDRLEN + size, 0, padded - size);
  message->nlmsg_len += static_cast<std::uint32_t>(NLA_HDRLEN + padded);
}

void mnl_attr_put_u8(nlmsghdr* message, std::uint16_t type, std::uint8_t value) {
  mnl_attr_put(message, type, sizeof value, &value);
}

void mnl_attr_put_u16(nlmsghdr* message, std::uint16_t type, std::uint16_t value) {
  mnl_attr_put(message, type, sizeof value, &value);
}

void mnl_attr_put_u32(nlmsghdr* message, std::uint16_t type, std::uint32_t value) {
  mnl_attr_put(message, type, sizeof value, &value);
}

void mnl_attr_put_u64(nlmsghdr* message, std::uint16_t type, std::uint64_t value) {
  mnl_attr_put(message, type, sizeof value, &value);
}

void mnl_attr_put_str(nlmsghdr* message, std::uint16_t type, const char* value) {
  mnl_attr_put(message, type, std::strlen(value), value);
}

void mnl_attr_put_strz(nlmsghdr* message, std::uint16_t type, const char* value) {
  mnl_attr_put(message, type, std::strlen(value) + 1, value);
}

nlattr* mnl_attr_nest_start(nlmsghdr* message, std::uint16_t type) {
  auto* start = reinterpret_cast<nlattr*>(tail_of(message));
  mnl_attr_put(message, type | NLA_F_NESTED, 0, nullptr);
  return start;
}

void mnl_attr_nest_end(nlmsghdr* message, nlattr* start) {
  start->nla_len = static_cast<std::uint16_t>(tail_of(message) - bytes_of(start));
}

bool mnl_attr_ok(const nlattr* attribute, int size) {
  return size >= NLA_HDRLEN && attribute->nla_len >= NLA_HDRLEN && attribute->nla_len <= size;
}

nlattr* mnl_attr_next(const nlattr* attribute) {
  return reinterpret_cast<nlattr*>(bytes_of(attribute) + NLA_ALIGN(attribute->nla_len));
}

int mnl_attr_type_valid(const nlattr* attribute, std::uint16_t highest) {
  return mnl_attr_get_type(attribute) > highest ? refuse(EOPNOTSUPP) : 1;
}

int mnl_attr_validate(const nlattr* attribute, AttributeKind type) {
  const std::size_t size = mnl_attr_get_payload_len(attribute);
  const std::size_t exact = exact_size(type);
  if (exact != 0) return size == exact ? 0 : refuse(ERANGE);

  switch (type) {
    case AttributeKind::flag: return size == 0 ? 0 : refuse(ERANGE);
    case AttributeKind::string: return size > 0 ? 0 : refuse(ERANGE);
    case AttributeKind::terminated_string:
      if (size == 0) return refuse(ERANGE);
      return mnl_attr_get_str(attribute)[size - 1] == '\0' ? 0 : refuse(EINVAL);
    // An empty list is allowed, one that cannot hold a head is not.
    case AttributeKind::nested:
    case AttributeKind::nested_compatible:
      return size == 0 || size >= NLA_HDRLEN ? 0 : refuse(ERANGE);
    default: return 0;
  }
}

int mnl_attr_parse(const nlmsghdr* message, unsigned offset, AttributeCallback each, void* data) {
  std::byte* from = bytes_of(message) + NLMSG_HDRLEN + NLMSG_ALIGN(offset);
  return parse_range(from, bytes_of(message) + message->nlmsg_len, each, data);
}

int mnl_attr_parse_nested(const nlattr* parent, AttributeCallback each, void* data) {
  return parse_range(bytes_of(mnl_attr_get_payload(parent)), bytes_of(parent) + parent->nla_len,
                     each, data);
}
}
