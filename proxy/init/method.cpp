#include "proxy/init/method.h"

namespace mesh::init {
namespace {

// What the kernel answers when an expression, a chain type or a family is not built in. Nothing in
// our transaction refers to an object of others, so ENOENT has no other meaning here.
bool is_missing_part(int sys) noexcept {
  return sys == ENOENT || sys == EOPNOTSUPP || sys == EAFNOSUPPORT;
}

}  // namespace

Method first_method(Backend asked) noexcept {
  const bool iptables = asked == Backend::iptables;
  return {iptables ? Backend::iptables : Backend::nftables, Passing::left_alone};
}

std::optional<Method> next_method(const Method& tried, const Failure& failure, Backend asked) {
  const bool was_full = tried.passing == Passing::left_alone;
  if (tried.backend == Backend::iptables) {
    // The programs say in words what is missing, so any failure may be that; not that of privilege.
    const bool may_help = exit_code(failure) != kExitNotPermitted;
    if (was_full && may_help) return Method{Backend::iptables, Passing::redirected};
    return std::nullopt;
  }

  const bool no_nf_tables = failure.sys == EPROTONOSUPPORT;
  if (!no_nf_tables && !is_missing_part(failure.sys)) return std::nullopt;
  if (!no_nf_tables && was_full) return Method{Backend::nftables, Passing::redirected};
  if (asked == Backend::automatic) return Method{Backend::iptables, Passing::left_alone};
  return std::nullopt;
}

}  // namespace mesh::init
