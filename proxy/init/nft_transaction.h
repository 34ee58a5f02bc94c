#pragma once
// The one write of mesh-init: the tables that are there go, the wanted one comes, in a single
// transaction. The kernel applies all of it or nothing, and nothing when anybody has changed the
// ruleset since `generation` was read. So there is no moment without rules and none with half of
// them.

#include <span>

#include "proxy/init/netlink_request.h"
#include "proxy/init/redirect.h"

namespace mesh::init {

// `wanted` may be null: then the tables are only deleted.
NetlinkRequest transaction(std::uint32_t generation, std::span<const Family> present,
                           const Redirection* wanted);

}  // namespace mesh::init
