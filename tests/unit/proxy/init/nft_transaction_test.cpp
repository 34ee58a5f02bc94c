#include "proxy/init/nft_transaction.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>
#include <cstring>

#include "proxy/init/netlink_attributes.h"

using namespace mesh::init;

namespace {

struct Seen {
  int type = 0;  // of nf_tables, or of the batch layer
  int flags = 0;
  int family = 0;
  std::uint32_t sequence = 0;
  std::vector<std::byte> bytes;
};

std::vector<Seen> messages_of(std::span<const std::byte> bytes) {
  std::vector<Seen> result;
  while (!bytes.empty()) {
    nlmsghdr head{};
    std::memcpy(&head, bytes.data(), sizeof head);
    const auto family = static_cast<int>(bytes[NLMSG_HDRLEN]);
    const bool of_nf_tables = head.nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES;
    const auto own = bytes.first(head.nlmsg_len);
    result.push_back({of_nf_tables ? head.nlmsg_type & 0xff : head.nlmsg_type,
                      head.nlmsg_flags,
                      family,
                      head.nlmsg_seq,
                      {own.begin(), own.end()}});
    bytes = bytes.subspan(NLMSG_ALIGN(head.nlmsg_len));
  }
  return result;
}

std::vector<int> types_of(const std::vector<Seen>& messages) {
  std::vector<int> types;
  for (const Seen& message : messages) types.push_back(message.type);
  return types;
}

}  // namespace

TEST_SUITE("init/nft_transaction") {
  TEST_CASE("creates the table, its chains and its rules between the marks of one batch") {
    const Redirection wanted{Family::both,
                             {Chain{Direction::outbound, {Rule{{User{1}}, {}, "a"}}},
                              Chain{Direction::inbound, {Rule{{Loopback{}}, {}, "b"}}}}};
    NetlinkRequest request = transaction(7, {}, &wanted);

    CHECK(types_of(messages_of(request.bytes())) ==
          std::vector<int>{NFNL_MSG_BATCH_BEGIN, NFT_MSG_NEWTABLE, NFT_MSG_NEWCHAIN,
                           NFT_MSG_NEWCHAIN, NFT_MSG_NEWRULE, NFT_MSG_NEWRULE, NFNL_MSG_BATCH_END});
  }

  TEST_CASE("deletes what is there before it creates") {
    const Redirection wanted = plan({});
    const std::array present{Family::both, Family::ipv4};
    NetlinkRequest request = transaction(7, present, &wanted);
    const auto messages = messages_of(request.bytes());

    CHECK(messages[1].type == NFT_MSG_DELTABLE);
    CHECK(messages[1].family == NFPROTO_INET);
    CHECK(messages[2].type == NFT_MSG_DELTABLE);
    CHECK(messages[2].family == NFPROTO_IPV4);
    CHECK(messages[3].type == NFT_MSG_NEWTABLE);
    CHECK(messages[3].family == NFPROTO_INET);
  }

  TEST_CASE("only deletes when nothing is wanted") {
    const std::array present{Family::ipv4};
    NetlinkRequest request = transaction(7, present, nullptr);

    CHECK(types_of(messages_of(request.bytes())) ==
          std::vector<int>{NFNL_MSG_BATCH_BEGIN, NFT_MSG_DELTABLE, NFNL_MSG_BATCH_END});
  }

  TEST_CASE("asks for the kernel's word once, on the last message that changes something") {
    const Redirection wanted = plan({});
    NetlinkRequest request = transaction(7, {}, &wanted);
    const auto messages = messages_of(request.bytes());

    for (std::size_t i = 0; i < messages.size(); ++i)
      CHECK(((messages[i].flags & NLM_F_ACK) != 0) == (i + 2 == messages.size()));
  }

  TEST_CASE("is bound to the generation that was read") {
    NetlinkRequest request = transaction(0x01020304, {}, nullptr);
    auto begin = messages_of(request.bytes())[0].bytes;
    REQUIRE(begin.size() == NLMSG_HDRLEN + sizeof(nfgenmsg) + 8);

    nlattr attribute{};
    std::memcpy(&attribute, begin.data() + NLMSG_HDRLEN + sizeof(nfgenmsg), sizeof attribute);
    std::uint32_t generation = 0;
    std::memcpy(&generation, begin.data() + begin.size() - 4, sizeof generation);

    CHECK(attribute.nla_type == NFNL_BATCH_GENID);
    CHECK(ntohl(generation) == 0x01020304);
  }

  TEST_CASE("numbers its messages, so that an error can name one") {
    const Redirection wanted = plan({});
    NetlinkRequest request = transaction(7, {}, &wanted);

    std::uint32_t expected = 0;
    for (const Seen& message : messages_of(request.bytes())) CHECK(message.sequence == ++expected);
  }

  TEST_CASE("grows with the rules") {
    std::vector<PortRange> ports;
    for (std::uint16_t port = 2; port < 4000; port = static_cast<std::uint16_t>(port + 2))
      ports.push_back({port, port});
    const Redirection wanted = plan({.skip_outbound_ports = ports});
    NetlinkRequest request = transaction(7, {}, &wanted);

    CHECK(messages_of(request.bytes()).size() ==
          5 + wanted.chains[0].rules.size() + wanted.chains[1].rules.size());
  }
}
