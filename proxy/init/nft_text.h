#pragma once
// nft_text: a Redirection in the syntax of nft, as `nft list ruleset` prints it.
//
// `nft -f` takes it too, and then the kernel holds the same rules as mesh-init writes.

#include <string>

#include "proxy/init/redirect.h"

namespace mesh::init {

std::string nft_text(const Redirection& redirection);

// Deletes the tables of mesh-init of either family, whether they exist or not.
std::string nft_removal_text();

}  // namespace mesh::init
