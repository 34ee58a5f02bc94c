#pragma once
// TableDescription: what a table of mesh-init holds, as lines that can be compared and shown.
//
// Built alike from the rules that are wanted and from those that the kernel lists, so equal
// descriptions mean equal behaviour: counters, handles and positions are left out, hooks,
// priorities, policies, flags and every expression are in.

#include <string>
#include <vector>

#include "proxy/init/nft_objects.h"

namespace mesh::init {

struct TableDescription {
  Family family = Family::both;
  std::vector<std::string> lines;

  friend bool operator==(const TableDescription&, const TableDescription&) = default;
};

std::string line_of(nftnl_table& table);
std::string line_of(nftnl_chain& chain);
std::string line_of(nftnl_rule& rule);  // forgets the rule's handle and position

TableDescription describe(const Redirection& redirection);

// The first line in which they differ: "expected ..., found ...".
std::string difference(const TableDescription& expected, const TableDescription& found);

}  // namespace mesh::init
