#pragma once
// nft_objects: tables, chains and rules of a Redirection as libnftnl's objects.
//
// Each returned object is complete: written to a message it creates what it stands for. The order
// and the form of the expressions are those that nft itself would write for nft_text, so that
// `nft list ruleset` can read them back. Running out of memory ends the process.

#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>

#include <memory>

#include "proxy/init/redirect.h"

namespace mesh::init {

// The one name that mesh-init owns in the kernel, in the families inet and ip.
inline constexpr const char* kTableName = "mesh";

struct FreeObject {
  void operator()(nftnl_table* table) const noexcept { nftnl_table_free(table); }
  void operator()(nftnl_chain* chain) const noexcept { nftnl_chain_free(chain); }
  void operator()(nftnl_rule* rule) const noexcept { nftnl_rule_free(rule); }
};
using TableObject = std::unique_ptr<nftnl_table, FreeObject>;
using ChainObject = std::unique_ptr<nftnl_chain, FreeObject>;
using RuleObject = std::unique_ptr<nftnl_rule, FreeObject>;

// NFPROTO_INET or NFPROTO_IPV4.
std::uint8_t number_of(Family family) noexcept;

TableObject table_object(Family family);
ChainObject chain_object(Family family, Direction direction);
RuleObject rule_object(Family family, Direction direction, const Rule& rule);

}  // namespace mesh::init
