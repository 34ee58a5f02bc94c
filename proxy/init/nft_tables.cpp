#include "proxy/init/nft_tables.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <string>

#include "proxy/init/netlink_attributes.h"
#include "proxy/init/nft_transaction.h"

namespace mesh::init {
namespace {

// How often somebody else may get in between before mesh-init gives up.
constexpr int kAttempts = 64;

constexpr const char* kNoRest = "the ruleset of this network namespace keeps changing";

struct Line {
  Family family = Family::both;
  std::string text;
};

// Nothing when the table is not one of ours.
std::optional<Line> line_in(std::uint32_t family, const char* table, std::string text) {
  if (table == nullptr || std::strcmp(table, kTableName) != 0) return std::nullopt;
  if (family == NFPROTO_INET) return Line{Family::both, std::move(text)};
  if (family == NFPROTO_IPV4) return Line{Family::ipv4, std::move(text)};
  return std::nullopt;
}

std::optional<Line> read_table(const nlmsghdr* message) {
  const TableObject table(nftnl_table_alloc());
  if (nftnl_table_nlmsg_parse(message, table.get()) < 0) return std::nullopt;
  return line_in(nftnl_table_get_u32(table.get(), NFTNL_TABLE_FAMILY),
                 nftnl_table_get_str(table.get(), NFTNL_TABLE_NAME), line_of(*table));
}

std::optional<Line> read_chain(const nlmsghdr* message) {
  const ChainObject chain(nftnl_chain_alloc());
  if (nftnl_chain_nlmsg_parse(message, chain.get()) < 0) return std::nullopt;
  return line_in(nftnl_chain_get_u32(chain.get(), NFTNL_CHAIN_FAMILY),
                 nftnl_chain_get_str(chain.get(), NFTNL_CHAIN_TABLE), line_of(*chain));
}

std::optional<Line> read_rule(const nlmsghdr* message) {
  const RuleObject rule(nftnl_rule_alloc());
  if (nftnl_rule_nlmsg_parse(message, rule.get()) < 0) return std::nullopt;
  return line_in(nftnl_rule_get_u32(rule.get(), NFTNL_RULE_FAMILY),
                 nftnl_rule_get_str(rule.get(), NFTNL_RULE_TABLE), line_of(*rule));
}

struct Listing {
  std::uint16_t type;
  std::optional<Line> (*read)(const nlmsghdr* message);
};

// In the order of the lines of describe().
constexpr std::array kListings{
    Listing{NFT_MSG_GETTABLE, &read_table},
    Listing{NFT_MSG_GETCHAIN, &read_chain},
    Listing{NFT_MSG_GETRULE, &read_rule},
};

void add_line(std::vector<TableDescription>& tables, Line line) {
  for (TableDescription& table : tables)
    if (table.family == line.family) return table.lines.push_back(std::move(line.text));
  tables.push_back({line.family, {std::move(line.text)}});
}

// Calls `take` with each message of an answer.
template <class Take>
void each_message(std::span<const std::byte> messages, Take take) {
  while (!messages.empty()) {
    const auto* message = reinterpret_cast<const nlmsghdr*>(messages.data());
    take(message);
    messages = messages.subspan(NLMSG_ALIGN(message->nlmsg_len));
  }
}

// Older and smaller kernels have several ways to say that they do not know nf_tables.
Failure without_nf_tables(Failure failure) {
  if (failure.sys == EINVAL || failure.sys == EOPNOTSUPP) failure.sys = EPROTONOSUPPORT;
  if (failure.sys == EPROTONOSUPPORT) failure.what = "this kernel has no nf_tables";
  return failure;
}

std::string mismatch(const std::vector<TableDescription>& wanted,
                     const std::vector<TableDescription>& found) {
  if (wanted.empty()) return "a table is still there after it was deleted";
  if (found.size() != 1) return std::to_string(found.size()) + " tables were found, expected one";
  return difference(wanted.front(), found.front());
}

}  // namespace

Outcome<NftTables> NftTables::open() {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(without_nf_tables(std::move(socket.error())));
  NftTables tables(std::move(*socket));
  // The first question shows whether nf_tables is there and whether this program may use it.
  if (auto known = tables.generation(); !known)
    return tl::unexpected(without_nf_tables(std::move(known.error())));
  return tables;
}

Outcome<Change> NftTables::arm(const Redirection& wanted) { return become(&wanted); }

Outcome<Change> NftTables::remove() { return become(nullptr); }

Outcome<Change> NftTables::become(const Redirection* wanted) {
  std::vector<TableDescription> target;
  if (wanted != nullptr) target.push_back(describe(*wanted));

  Change change = Change::none;
  std::uint32_t written = 0;  // the generation that the last transaction was based on
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto seen = look();
    if (!seen) return tl::unexpected(std::move(seen.error()));
    if (seen->tables == target) return change;
    // Nobody else has written since, so what differs is how the kernel understood it.
    if (change == Change::made && seen->generation == written + 1)
      return failed("the rules read back differ from those written: " +
                    mismatch(target, seen->tables));

    std::vector<Family> present;
    for (const TableDescription& table : seen->tables) present.push_back(table.family);
    NetlinkRequest request = transaction(seen->generation, present, wanted);
    const auto answer = socket_.exchange(request.bytes());
    if (!answer && answer.error().sys == ERESTART) continue;
    if (!answer) return tl::unexpected(answer.error());
    change = Change::made;
    written = seen->generation;
  }
  return failed(kNoRest, EAGAIN);
}

Outcome<bool> NftTables::holds_chain(IpVersion version, std::string_view table,
                                     std::string_view chain) {
  const auto messages = list(NFT_MSG_GETCHAIN);
  if (!messages) return tl::unexpected(messages.error());
  const std::uint32_t family = version == IpVersion::v4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
  bool held = false;
  each_message(*messages, [&](const nlmsghdr* message) {
    const ChainObject found(nftnl_chain_alloc());
    if (nftnl_chain_nlmsg_parse(message, found.get()) < 0) return;
    held = held || (nftnl_chain_get_u32(found.get(), NFTNL_CHAIN_FAMILY) == family &&
                    table == nftnl_chain_get_str(found.get(), NFTNL_CHAIN_TABLE) &&
                    chain == nftnl_chain_get_str(found.get(), NFTNL_CHAIN_NAME));
  });
  return held;
}

Outcome<NftTables::Look> NftTables::look() {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto seen = look_once();
    if (seen || seen.error().sys != EINTR) return seen;
  }
  return failed(kNoRest, EAGAIN);
}

// A look is of one moment. A change between its listings shows in the transaction based on it,
// which carries the generation read first; a look without a transaction compares the generation.
Outcome<NftTables::Look> NftTables::look_once() {
  const auto before = generation();
  if (!before) return tl::unexpected(before.error());
  Look result{*before, {}};
  for (const Listing& listing : kListings) {
    const auto messages = list(listing.type);
    if (!messages) return tl::unexpected(messages.error());
    each_message(*messages, [&](const nlmsghdr* message) {
      if (auto line = listing.read(message)) add_line(result.tables, std::move(*line));
    });
  }
  const auto after = generation();
  if (!after) return tl::unexpected(after.error());
  if (*after != *before) return failed(kNoRest, EINTR);
  return result;
}

Outcome<std::uint32_t> NftTables::generation() {
  NetlinkRequest request;
  request.start(NFT_MSG_GETGEN, AF_UNSPEC, 0);
  request.acknowledge();
  const auto answer = socket_.exchange(request.bytes());
  if (!answer) return tl::unexpected(answer.error());

  std::uint32_t value = 0;
  each_message(answer->messages, [&value](const nlmsghdr* message) {
    mnl_attr_parse(
        message, sizeof(nfgenmsg),
        [](const nlattr* attribute, void* data) {
          if (mnl_attr_get_type(attribute) == NFTA_GEN_ID &&
              mnl_attr_validate(attribute, AttributeKind::u32) == 0)
            *static_cast<std::uint32_t*>(data) = ntohl(mnl_attr_get_u32(attribute));
          return 1;
        },
        &value);
  });
  return value;
}

Outcome<std::vector<std::byte>> NftTables::list(std::uint16_t type) {
  NetlinkRequest request;
  request.start(type, NFPROTO_UNSPEC, NLM_F_DUMP);
  auto answer = socket_.exchange(request.bytes());
  if (!answer) return tl::unexpected(std::move(answer.error()));
  if (answer->interrupted) return failed(kNoRest, EINTR);
  return std::move(answer->messages);
}

}  // namespace mesh::init
