#pragma once
// Privilege: which capabilities this process holds, and how to ask for one that it lacks.

#include <cstdint>
#include <string>

namespace mesh::init {

// CAP_NET_ADMIN and CAP_NET_RAW of linux/capability.h.
enum class Capability : std::uint8_t { net_admin = 12, net_raw = 13 };

// Whether it is in the effective set; of which user namespace only the kernel's answers tell.
bool holds(Capability capability) noexcept;

// One line for the operator.
std::string what_is_needed(const std::string& capabilities);

}  // namespace mesh::init
