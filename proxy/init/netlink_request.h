#pragma once
// NetlinkRequest: the bytes of one or more nf_tables messages, sent to the kernel in one piece.
//
//     +------------------+-------------------+---------------+  each message 4-byte aligned
//     | nlmsghdr (16 B)  | nfgenmsg (4 B)    | attributes... |
//     | type, flags, seq | family, ver, res  |               |
//     +------------------+-------------------+---------------+
//
// A message of the batch layer (begin, end) frames those of one transaction: the kernel applies all
// of them or none. Source: include/uapi/linux/netfilter/nfnetlink.h.

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mesh::init {

// The longest message that may be written; the rules of mesh-init stay below 1 KiB.
inline constexpr std::size_t kMessageRoom = 4096;

class NetlinkRequest {
 public:
  // Appends a message of nf_tables, `type` being one of NFT_MSG_*. The result is valid until the
  // next call; attributes are appended to it with mnl_attr_put.
  nlmsghdr* start(std::uint16_t type, std::uint8_t family, std::uint16_t flags);

  // The frame of a transaction. When the ruleset has changed since `generation` was read, the
  // kernel refuses the whole transaction with ERESTART.
  void begin_batch(std::uint32_t generation);
  void end_batch();

  // Asks for the kernel's word on the message started last.
  void acknowledge();

  std::span<const std::byte> bytes();

 private:
  nlmsghdr* append(std::uint16_t type, std::uint8_t family, std::uint16_t flags,
                   std::uint16_t resource);
  nlmsghdr* current();

  std::vector<std::byte> buffer_;
  std::size_t current_ = 0;  // offset of the message started last
  std::uint32_t sequence_ = 0;
};

}  // namespace mesh::init
