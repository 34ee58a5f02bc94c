#include "proxy/init/iptables.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "proxy/init/file_descriptor.h"
#include "proxy/init/original_destination.h"
#include "proxy/init/privilege.h"
#include "proxy/init/program_run.h"

namespace mesh::init {
namespace {

// Fixed, not from the environment: see run_program.
constexpr std::array kFolders{"/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/", "/usr/local/sbin/"};
constexpr std::array kFlavours{"-legacy", ""};
constexpr int kAttempts = 4;
constexpr std::array kVersions{IpVersion::v4, IpVersion::v6};

bool is_installed(const IptablesPrograms& programs, IpVersion version) {
  return ::access(programs.path(version, "restore").c_str(), X_OK) == 0 &&
         ::access(programs.path(version, "save").c_str(), X_OK) == 0;
}

// The part of the kernel behind the legacy flavour lists the tables that it has made, one a line.
bool has_legacy_nat(IpVersion version) {
  const char* path =
      version == IpVersion::v4 ? "/proc/net/ip_tables_names" : "/proc/net/ip6_tables_names";
  const FileDescriptor file(::open(path, O_RDONLY | O_CLOEXEC));
  std::array<char, 256> names{'\n'};
  const ssize_t size = ::read(file.number(), names.data() + 1, names.size() - 1);
  if (size <= 0) return false;
  return std::string_view(names.data(), static_cast<std::size_t>(size) + 1).find("\nnat\n") !=
         std::string_view::npos;
}

Failure failure_of(const std::string& program, const ProgramResult& result) {
  const std::string words = result.errors.substr(0, result.errors.find('\n'));
  return {program + " failed with status " + std::to_string(result.status) + ": " + words};
}

bool is_absent(IpVersion version) {
  return original_destination(version) == OriginalDestination::no_sockets;
}

}  // namespace

std::string IptablesPrograms::path(IpVersion version, const char* verb) const {
  const char* name = version == IpVersion::v4 ? "iptables" : "ip6tables";
  return folder + name + flavour + "-" + verb;
}

std::vector<IptablesPrograms> Iptables::installed() {
  std::vector<IptablesPrograms> found;
  for (const char* flavour : kFlavours)
    for (const char* folder : kFolders)
      if (IptablesPrograms programs{folder, flavour}; is_installed(programs, IpVersion::v4)) {
        found.push_back(std::move(programs));
        break;
      }
  return found;
}

Outcome<Change> Iptables::arm(const Redirection& wanted) {
  const auto before = saved(IpVersion::v4);
  if (!before) return tl::unexpected(before.error());
  auto v4 = become(IpVersion::v4, iptables_lines(wanted, IpVersion::v4));
  if (!v4) return v4;
  auto v6 = become(IpVersion::v6, iptables_lines(wanted, IpVersion::v6));
  if (v6) return *v4 == Change::made ? v4 : v6;

  if (const auto undone = become(IpVersion::v4, own_lines(*before)); !undone)
    v6.error().what += "; and what was done for IPv4 could not be undone: " + undone.error().what;
  return v6;
}

Outcome<Change> Iptables::remove() {
  Change change = Change::none;
  for (const IpVersion version : kVersions) {
    const auto removed = become(version, {});
    if (!removed) return removed;
    if (*removed == Change::made) change = Change::made;
  }
  return change;
}

// As in NftTables: the look that ends the loop verifies what was written. Others may write between
// a look and a write, so it may take more than one round.
Outcome<Change> Iptables::become(IpVersion version, const std::vector<std::string>& wanted) {
  if (is_absent(version) || (wanted.empty() && !may_hold_rules(version))) return Change::none;

  Change change = Change::none;
  Failure last{"the rules read back from iptables-save differ from those written"};
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto before = saved(version);
    if (!before) return tl::unexpected(before.error());
    if (own_lines(*before) == wanted) return change;
    if (auto written = write(version, restore_input(*before, wanted)); !written)
      last = std::move(written.error());
    else
      change = Change::made;
  }
  return tl::unexpected(std::move(last));
}

Outcome<void> Iptables::write(IpVersion version, const std::string& input) {
  const std::string program = programs_.path(version, "restore");
  // Others may hold the lock of the legacy flavour for a moment.
  const auto result = run_program({program, "--noflush", "--wait=10"}, input);
  if (!result) return tl::unexpected(result.error());
  if (result->status != 0) return tl::unexpected(failure_of(program, *result));
  return {};
}

Outcome<std::string> Iptables::saved(IpVersion version) {
  if (!holds(Capability::net_admin) || !holds(Capability::net_raw))
    return failed(what_is_needed("CAP_NET_ADMIN and CAP_NET_RAW"), EPERM);
  const std::string program = programs_.path(version, "save");
  auto result = run_program({program, "-t", "nat"}, {});
  if (!result) return tl::unexpected(result.error());
  if (result->status != 0) return tl::unexpected(failure_of(program, *result));
  return std::move(result->output);
}

// To ask the legacy flavour for its rules creates its tables, which --remove should not; and the
// other flavour keeps its chains in nf_tables, where they can be seen without it.
bool Iptables::may_hold_rules(IpVersion version) {
  if (has_legacy_nat(version)) return true;
  auto tables = NftTables::open();
  if (!tables) return false;
  for (const std::string_view chain : own_chain_names()) {
    const auto held = tables->holds_chain(version, "nat", chain);
    if (held && *held) return true;
  }
  return false;
}

}  // namespace mesh::init
