#include "proxy/init/netlink_request.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include "proxy/init/netlink_attributes.h"

namespace mesh::init {

nlmsghdr* NetlinkRequest::start(std::uint16_t type, std::uint8_t family, std::uint16_t flags) {
  return append(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type), family, flags, 0);
}

void NetlinkRequest::begin_batch(std::uint32_t generation) {
  nlmsghdr* message = append(NFNL_MSG_BATCH_BEGIN, AF_UNSPEC, 0, NFNL_SUBSYS_NFTABLES);
  mnl_attr_put_u32(message, NFNL_BATCH_GENID, htonl(generation));
}

void NetlinkRequest::end_batch() { append(NFNL_MSG_BATCH_END, AF_UNSPEC, 0, NFNL_SUBSYS_NFTABLES); }

void NetlinkRequest::acknowledge() { current()->nlmsg_flags |= NLM_F_ACK; }

std::span<const std::byte> NetlinkRequest::bytes() {
  if (buffer_.empty()) return {};
  return std::span(buffer_).first(current_ + NLMSG_ALIGN(current()->nlmsg_len));
}

nlmsghdr* NetlinkRequest::append(std::uint16_t type, std::uint8_t family, std::uint16_t flags,
                                 std::uint16_t resource) {
  current_ = bytes().size();
  buffer_.resize(current_ + kMessageRoom);

  nlmsghdr* message = current();
  *message = {};
  message->nlmsg_len = NLMSG_LENGTH(sizeof(nfgenmsg));
  message->nlmsg_type = type;
  message->nlmsg_flags = NLM_F_REQUEST | flags;
  message->nlmsg_seq = ++sequence_;
  auto* generic = static_cast<nfgenmsg*>(mnl_nlmsg_get_payload(message));
  *generic = {family, NFNETLINK_V0, htons(resource)};
  return message;
}

nlmsghdr* NetlinkRequest::current() {
  return reinterpret_cast<nlmsghdr*>(buffer_.data() + current_);
}

}  // namespace mesh::init
