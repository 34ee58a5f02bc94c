#include "proxy/init/apply.h"

#include "proxy/init/iptables.h"
#include "proxy/init/method.h"
#include "proxy/init/namespace_lock.h"
#include "proxy/init/nft_tables.h"
#include "proxy/init/nft_text.h"
#include "proxy/init/original_destination.h"
#include "proxy/init/privilege.h"

namespace mesh::init {
namespace {

Outcome<Change> arm_with_nftables(const Redirection& wanted) {
  auto tables = NftTables::open();
  if (!tables) return tl::unexpected(tables.error());
  auto change = tables->arm(wanted);
  if (!change && change.error().sys == ENOENT)
    change.error().what += " (a part of nf_tables is missing; --ipv4-only needs less of it)";
  return change;
}

Outcome<Change> arm_with_iptables(const Redirection& wanted) {
  Outcome<Change> result = failed("no iptables-restore is installed");
  for (IptablesPrograms& programs : Iptables::installed()) {
    result = Iptables(std::move(programs)).arm(wanted);
    if (result || exit_code(result.error()) == kExitNotPermitted) break;
  }
  return result;
}

Outcome<Change> arm_by(const Method& method, const Options& options) {
  const Redirection wanted = plan(options, method.passing);
  return method.backend == Backend::nftables ? arm_with_nftables(wanted)
                                             : arm_with_iptables(wanted);
}

// One line for the operator, whatever the kernel called it.
Failure with_advice(Failure failure) {
  if (failure.sys == EPERM) failure.what = what_is_needed("CAP_NET_ADMIN");
  return failure;
}

std::string success_line(const Method& method, const Options& options, Change change) {
  const bool nftables = method.backend == Backend::nftables;
  std::string line = change == Change::none
                         ? std::string("was armed already, nothing changed")
                         : "armed: outbound TCP to port " + std::to_string(options.outbound_port) +
                               ", inbound TCP to port " + std::to_string(options.inbound_port) +
                               (nftables ? " (nf_tables, read back)" : " (iptables, read back)");
  if (method.passing == Passing::redirected)
    line += "; the kernel cannot tell traffic that passes through, so it is redirected, too";
  if (!options.ipv4_only && original_destination(IpVersion::v6) == OriginalDestination::no_sockets)
    line += "; there is no IPv6 here";
  return line;
}

Outcome<Change> remove_from_nf_tables() {
  auto tables = NftTables::open();
  if (tables) return tables->remove();
  if (tables.error().sys == EPROTONOSUPPORT) return Change::none;
  return tl::unexpected(tables.error());
}

Outcome<Change> remove_from_iptables() {
  Change change = Change::none;
  for (IptablesPrograms& programs : Iptables::installed()) {
    const auto removed = Iptables(std::move(programs)).remove();
    if (!removed) return removed;
    if (*removed == Change::made) change = Change::made;
  }
  return change;
}

Outcome<Change> remove_all() {
  auto nftables = remove_from_nf_tables();
  if (!nftables) return nftables;
  auto iptables = remove_from_iptables();
  return *nftables == Change::made && iptables ? nftables : iptables;
}

// A redirection whose connections the proxy cannot understand is worse than none: it refuses all.
Outcome<void> check_original_destination(const Options& options) {
  std::string missing;
  if (original_destination(IpVersion::v4) == OriginalDestination::untold) missing = "IPv4";
  if (!options.ipv4_only && original_destination(IpVersion::v6) == OriginalDestination::untold)
    missing = missing.empty() ? "IPv6 (--ipv4-only does without)" : "IPv4 and IPv6";
  if (missing.empty()) return {};

  const auto removed = remove_all();
  return failed("this kernel has no connection tracking for " + missing + "; " +
                (removed ? "all rules are removed again"
                         : "and the rules are still there: " + removed.error().what));
}

// What has to hold once the rules are written: nothing is left of the other backend, where an
// earlier run may have used it, and the proxy can ask for what it needs.
Outcome<void> finish(const Method& method, const Options& options) {
  const auto other =
      method.backend == Backend::nftables ? remove_from_iptables() : remove_from_nf_tables();
  if (!other) return failed("older rules remain: " + other.error().what, other.error().sys);
  return check_original_destination(options);
}

}  // namespace

Outcome<std::string> arm(const Options& options) {
  const auto lock = NamespaceLock::take();
  if (!lock) return tl::unexpected(lock.error());
  std::optional<Method> method = first_method(options.backend);
  std::string before;  // what went wrong with the methods tried before
  while (true) {
    const auto change = arm_by(*method, options);
    if (change) {
      if (const auto finished = finish(*method, options); !finished)
        return tl::unexpected(finished.error());
      return success_line(*method, options, *change);
    }
    const auto next = next_method(*method, change.error(), options.backend);
    Failure failure = with_advice(change.error());
    failure.what = before + failure.what;
    if (!next) return tl::unexpected(std::move(failure));
    if (next->backend != method->backend) before = failure.what + "; ";
    method = next;
  }
}

Outcome<std::string> remove() {
  const auto lock = NamespaceLock::take();
  if (!lock) return tl::unexpected(lock.error());
  const auto change = remove_all();
  if (!change) return tl::unexpected(with_advice(change.error()));
  return std::string(*change == Change::made ? "removed" : "was not armed, nothing changed");
}

std::string dry_run(const Options& options) {
  const bool remove = options.action == Action::remove;
  if (options.backend != Backend::iptables)
    return remove ? nft_removal_text() : nft_text(plan(options));
  std::string text;
  for (const IpVersion version : {IpVersion::v4, IpVersion::v6}) {
    const auto lines = remove ? std::vector<std::string>() : iptables_lines(plan(options), version);
    if (lines.empty() && !remove) continue;
    text += version == IpVersion::v4 ? "# iptables-restore --noflush\n"
                                     : "# ip6tables-restore --noflush\n";
    text += restore_input({}, lines);
  }
  return text;
}

}  // namespace mesh::init
