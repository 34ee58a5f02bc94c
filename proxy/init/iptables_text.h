#pragma once
// iptables_text: a Redirection in the language of iptables-restore, for one IP version at a time.
//
// The rules live in two chains of table nat that are ours, MESH_OUTBOUND and MESH_INBOUND, and in
// one jump to each, from OUTPUT and PREROUTING. A "line" declares one of the chains or adds a rule,
// exactly as iptables-save prints it. Lines are in one order, declarations, jumps, outbound rules,
// inbound rules, so that what is wanted and what is there can be compared.

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/init/redirect.h"

namespace mesh::init {

std::array<std::string_view, 2> own_chain_names();

// The lines that `redirection` stands for; none when it leaves this IP version alone. Subnets of
// the other IP version are left out.
std::vector<std::string> iptables_lines(const Redirection& redirection, IpVersion version);

// Our lines out of the output of `iptables-save -t nat`.
std::vector<std::string> own_lines(std::string_view saved);

// Input for `iptables-restore --noflush` that turns our part of `saved` into `wanted` in one
// transaction and touches nothing else. With nothing wanted our chains go as well.
std::string restore_input(std::string_view saved, const std::vector<std::string>& wanted);

}  // namespace mesh::init
