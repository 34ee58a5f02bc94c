#include "proxy/init/nft_transaction.h"

#include <linux/netfilter/nf_tables.h>

#include "proxy/init/nft_objects.h"

namespace mesh::init {
namespace {

void delete_table(NetlinkRequest& request, Family family) {
  nlmsghdr* message = request.start(NFT_MSG_DELTABLE, number_of(family), 0);
  nftnl_table_nlmsg_build_payload(message, table_object(family).get());
}

void create(NetlinkRequest& request, const Redirection& wanted) {
  const std::uint8_t family = number_of(wanted.family);
  nftnl_table_nlmsg_build_payload(
      request.start(NFT_MSG_NEWTABLE, family, NLM_F_CREATE | NLM_F_EXCL),
      table_object(wanted.family).get());
  for (const Chain& chain : wanted.chains)
    nftnl_chain_nlmsg_build_payload(
        request.start(NFT_MSG_NEWCHAIN, family, NLM_F_CREATE | NLM_F_EXCL),
        chain_object(wanted.family, chain.direction).get());
  for (const Chain& chain : wanted.chains)
    for (const Rule& rule : chain.rules)
      nftnl_rule_nlmsg_build_payload(
          request.start(NFT_MSG_NEWRULE, family, NLM_F_CREATE | NLM_F_APPEND),
          rule_object(wanted.family, chain.direction, rule).get());
}

}  // namespace

NetlinkRequest transaction(std::uint32_t generation, std::span<const Family> present,
                           const Redirection* wanted) {
  NetlinkRequest request;
  request.begin_batch(generation);
  for (const Family family : present) delete_table(request, family);
  if (wanted != nullptr) create(request, *wanted);
  // Not at the end mark, which older kernels do not acknowledge. One word is enough: the kernel
  // gives it after the whole transaction has been decided, and names every error by itself.
  request.acknowledge();
  request.end_batch();
  return request;
}

}  // namespace mesh::init
