#include "proxy/init/privilege.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace mesh::init {

bool holds(Capability capability) noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  // glibc has no wrapper for capget.
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return false;
  const auto number = static_cast<unsigned>(capability);
  return (sets[number / 32].effective >> (number % 32) & 1u) != 0;
}

std::string what_is_needed(const std::string& capabilities) {
  return "not permitted: needs " + capabilities +
         " in this network namespace (add it to securityContext.capabilities, or run as root)";
}

}  // namespace mesh::init
