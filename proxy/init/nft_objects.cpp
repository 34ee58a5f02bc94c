#include "proxy/init/nft_objects.h"

#include <arpa/inet.h>
#include <libnftnl/expr.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <cstdlib>
#include <string>

namespace mesh::init {
namespace {

// One register is enough: every expression that loads is followed by the one that compares.
constexpr std::uint32_t kRegister = NFT_REG_1;

// Before connections are routed, at the place where destinations are rewritten (NF_IP_PRI_NAT_DST).
constexpr std::int32_t kPriority = -100;

// Offsets in the headers, RFC 791, 8200 and 9293.
constexpr std::uint32_t kIpv4Source = 12;
constexpr std::uint32_t kIpv4Destination = 16;
constexpr std::uint32_t kIpv6Source = 8;
constexpr std::uint32_t kIpv6Destination = 24;
constexpr std::uint32_t kTcpDestinationPort = 2;
constexpr std::uint32_t kTcpFlags = 13;

constexpr std::uint8_t kFin = 0x01;
constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kRst = 0x04;
constexpr std::uint8_t kAck = 0x10;

template <class Object>
Object* allocated(Object* object) {
  if (object == nullptr) std::abort();
  return object;
}

// Writes the expressions of one rule, in order.
class RuleWriter {
 public:
  RuleWriter(Family family, Direction direction);

  void operator()(FirstSegment);
  void operator()(Loopback);
  void operator()(PassingThrough);
  void operator()(User user) { meta_equals(NFT_META_SKUID, &user.id, sizeof user.id); }
  void operator()(Group group) { meta_equals(NFT_META_SKGID, &group.id, sizeof group.id); }
  void operator()(ToPorts to);
  void operator()(const FarEnd& far);

  void redirect(std::uint16_t port);
  void accept();
  void comment(std::string_view text);
  RuleObject take() { return std::move(rule_); }

 private:
  nftnl_expr* add(const char* name);
  void tcp_only();
  void meta(std::uint32_t key);
  void meta_equals(std::uint32_t key, const void* value, std::uint32_t size);
  void payload(std::uint32_t base, std::uint32_t offset, std::uint32_t size);
  void mask(const void* bits, std::uint32_t size);
  void compare(std::uint32_t operation, const void* value, std::uint32_t size);

  Family family_;
  Direction direction_;
  bool is_tcp_ = false;
  RuleObject rule_;
};

RuleWriter::RuleWriter(Family family, Direction direction)
    : family_(family), direction_(direction), rule_(allocated(nftnl_rule_alloc())) {
  nftnl_rule_set_u32(rule_.get(), NFTNL_RULE_FAMILY, number_of(family));
  nftnl_rule_set_str(rule_.get(), NFTNL_RULE_TABLE, kTableName);
  nftnl_rule_set_str(rule_.get(), NFTNL_RULE_CHAIN, name_of(direction));
}

nftnl_expr* RuleWriter::add(const char* name) {
  nftnl_expr* expression = allocated(nftnl_expr_alloc(name));
  nftnl_rule_add_expr(rule_.get(), expression);  // which owns it from here
  return expression;
}

void RuleWriter::meta(std::uint32_t key) {
  nftnl_expr* load = add("meta");
  nftnl_expr_set_u32(load, NFTNL_EXPR_META_KEY, key);
  nftnl_expr_set_u32(load, NFTNL_EXPR_META_DREG, kRegister);
}

void RuleWriter::meta_equals(std::uint32_t key, const void* value, std::uint32_t size) {
  meta(key);
  compare(NFT_CMP_EQ, value, size);
}

void RuleWriter::payload(std::uint32_t base, std::uint32_t offset, std::uint32_t size) {
  nftnl_expr* load = add("payload");
  nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_DREG, kRegister);
  nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_BASE, base);
  nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
  nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_LEN, size);
}

void RuleWriter::mask(const void* bits, std::uint32_t size) {
  const std::array<std::uint8_t, 16> zeros{};
  nftnl_expr* bitwise = add("bitwise");
  nftnl_expr_set_u32(bitwise, NFTNL_EXPR_BITWISE_SREG, kRegister);
  nftnl_expr_set_u32(bitwise, NFTNL_EXPR_BITWISE_DREG, kRegister);
  nftnl_expr_set_u32(bitwise, NFTNL_EXPR_BITWISE_LEN, size);
  nftnl_expr_set(bitwise, NFTNL_EXPR_BITWISE_MASK, bits, size);
  nftnl_expr_set(bitwise, NFTNL_EXPR_BITWISE_XOR, zeros.data(), size);
}

void RuleWriter::compare(std::uint32_t operation, const void* value, std::uint32_t size) {
  nftnl_expr* compare = add("cmp");
  nftnl_expr_set_u32(compare, NFTNL_EXPR_CMP_SREG, kRegister);
  nftnl_expr_set_u32(compare, NFTNL_EXPR_CMP_OP, operation);
  nftnl_expr_set(compare, NFTNL_EXPR_CMP_DATA, value, size);
}

// Once a rule: what reads the TCP header has to know that it is one.
void RuleWriter::tcp_only() {
  if (is_tcp_) return;
  is_tcp_ = true;
  const std::uint8_t tcp = IPPROTO_TCP;
  meta_equals(NFT_META_L4PROTO, &tcp, sizeof tcp);
}

void RuleWriter::operator()(FirstSegment) {
  const std::uint8_t considered = kFin | kSyn | kRst | kAck;
  tcp_only();
  payload(NFT_PAYLOAD_TRANSPORT_HEADER, kTcpFlags, sizeof considered);
  mask(&considered, sizeof considered);
  compare(NFT_CMP_EQ, &kSyn, sizeof kSyn);
}

void RuleWriter::operator()(Loopback) {
  const std::array<char, IFNAMSIZ> name{'l', 'o'};
  const bool outbound = direction_ == Direction::outbound;
  meta_equals(outbound ? NFT_META_OIFNAME : NFT_META_IIFNAME, name.data(), name.size());
}

void RuleWriter::operator()(PassingThrough) {
  const std::uint32_t local = RTN_LOCAL;
  nftnl_expr* lookup = add("fib");
  nftnl_expr_set_u32(lookup, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR);
  nftnl_expr_set_u32(lookup, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
  nftnl_expr_set_u32(lookup, NFTNL_EXPR_FIB_DREG, kRegister);
  compare(NFT_CMP_NEQ, &local, sizeof local);
}

void RuleWriter::operator()(ToPorts to) {
  const std::uint16_t first = htons(to.ports.first);
  const std::uint16_t last = htons(to.ports.last);
  tcp_only();
  payload(NFT_PAYLOAD_TRANSPORT_HEADER, kTcpDestinationPort, sizeof first);
  if (first == last) return compare(NFT_CMP_EQ, &first, sizeof first);
  compare(NFT_CMP_GTE, &first, sizeof first);
  compare(NFT_CMP_LTE, &last, sizeof last);
}

void RuleWriter::operator()(const FarEnd& far) {
  const bool outbound = direction_ == Direction::outbound;
  const bool v4 = far.subnet.version == IpVersion::v4;
  const auto size = static_cast<std::uint32_t>(far.subnet.bytes().size());
  if (family_ == Family::both) {
    const std::uint8_t version = v4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
    meta_equals(NFT_META_NFPROTO, &version, sizeof version);
  }
  const std::uint32_t offset = v4 ? (outbound ? kIpv4Destination : kIpv4Source)
                                  : (outbound ? kIpv6Destination : kIpv6Source);
  payload(NFT_PAYLOAD_NETWORK_HEADER, offset, size);
  if (far.subnet.prefix != far.subnet.width()) mask(netmask(far.subnet.prefix).data(), size);
  compare(NFT_CMP_EQ, far.subnet.bytes().data(), size);
}

void RuleWriter::redirect(std::uint16_t port) {
  const std::uint16_t value = htons(port);
  nftnl_expr* load = add("immediate");
  nftnl_expr_set_u32(load, NFTNL_EXPR_IMM_DREG, kRegister);
  nftnl_expr_set(load, NFTNL_EXPR_IMM_DATA, &value, sizeof value);
  nftnl_expr* redirect = add("redir");
  nftnl_expr_set_u32(redirect, NFTNL_EXPR_REDIR_REG_PROTO_MIN, kRegister);
  nftnl_expr_set_u32(redirect, NFTNL_EXPR_REDIR_REG_PROTO_MAX, kRegister);
  nftnl_expr_set_u32(redirect, NFTNL_EXPR_REDIR_FLAGS, NF_NAT_RANGE_PROTO_SPECIFIED);
}

void RuleWriter::accept() {
  nftnl_expr* verdict = add("immediate");
  nftnl_expr_set_u32(verdict, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
  nftnl_expr_set_u32(verdict, NFTNL_EXPR_IMM_VERDICT, NF_ACCEPT);
}

void RuleWriter::comment(std::string_view text) {
  const std::unique_ptr<nftnl_udata_buf, decltype(&nftnl_udata_buf_free)> data(
      allocated(nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN)), &nftnl_udata_buf_free);
  if (!nftnl_udata_put_strz(data.get(), NFTNL_UDATA_RULE_COMMENT, std::string(text).c_str()))
    std::abort();
  nftnl_rule_set_data(rule_.get(), NFTNL_RULE_USERDATA, nftnl_udata_buf_data(data.get()),
                      nftnl_udata_buf_len(data.get()));
}

}  // namespace

std::uint8_t number_of(Family family) noexcept {
  return family == Family::both ? NFPROTO_INET : NFPROTO_IPV4;
}

TableObject table_object(Family family) {
  TableObject table(allocated(nftnl_table_alloc()));
  nftnl_table_set_u32(table.get(), NFTNL_TABLE_FAMILY, number_of(family));
  nftnl_table_set_str(table.get(), NFTNL_TABLE_NAME, kTableName);
  nftnl_table_set_u32(table.get(), NFTNL_TABLE_FLAGS, 0);
  return table;
}

ChainObject chain_object(Family family, Direction direction) {
  const bool outbound = direction == Direction::outbound;
  ChainObject chain(allocated(nftnl_chain_alloc()));
  nftnl_chain_set_u32(chain.get(), NFTNL_CHAIN_FAMILY, number_of(family));
  nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TABLE, kTableName);
  nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_NAME, name_of(direction));
  nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TYPE, "nat");
  nftnl_chain_set_u32(chain.get(), NFTNL_CHAIN_HOOKNUM,
                      outbound ? NF_INET_LOCAL_OUT : NF_INET_PRE_ROUTING);
  nftnl_chain_set_s32(chain.get(), NFTNL_CHAIN_PRIO, kPriority);
  nftnl_chain_set_u32(chain.get(), NFTNL_CHAIN_POLICY, NF_ACCEPT);
  return chain;
}

RuleObject rule_object(Family family, Direction direction, const Rule& rule) {
  RuleWriter writer(family, direction);
  for (const Match& match : rule.matches) std::visit(writer, match);
  if (rule.redirect_to)
    writer.redirect(*rule.redirect_to);
  else
    writer.accept();
  writer.comment(rule.why);
  return writer.take();
}

}  // namespace mesh::init
