#pragma once
// Whether the kernel can tell where a redirected connection was going (SO_ORIGINAL_DST), without
// which the proxy has to refuse it.
//
// The answer comes from connection tracking, which a kernel may have for one IP version only. It is
// sure only while rules are armed: they are what brings connection tracking into the namespace.

#include <cstdint>

#include "proxy/init/subnet.h"

namespace mesh::init {

enum class OriginalDestination : std::uint8_t {
  told,        // sockets of this IP version can ask
  untold,      // connection tracking is missing for this IP version
  no_sockets,  // the kernel runs without this IP version at all
};

OriginalDestination original_destination(IpVersion version) noexcept;

}  // namespace mesh::init
