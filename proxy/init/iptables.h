#pragma once
// Iptables: the redirection by way of the iptables programs, for kernels without nf_tables.
//
// Each IP version is one transaction. When that of IPv6 fails, the one of IPv4 is taken back, so
// that the namespace is as before. What was written is read back and compared.

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/init/iptables_text.h"
#include "proxy/init/nft_tables.h"

namespace mesh::init {

// The programs of one flavour ("legacy" or unnamed) in one folder.
struct IptablesPrograms {
  std::string folder;
  std::string flavour;  // "-legacy" or ""

  std::string path(IpVersion version, const char* verb) const;
};

class Iptables {
 public:
  // Those that are installed, the legacy flavour first, as the other one may want nf_tables.
  static std::vector<IptablesPrograms> installed();

  explicit Iptables(IptablesPrograms programs) : programs_(std::move(programs)) {}

  // Both fail with EPERM, naming what is missing, when the programs could not do their work.
  Outcome<Change> arm(const Redirection& wanted);
  // Runs nothing where the kernel shows that there is nothing to remove.
  Outcome<Change> remove();

 private:
  Outcome<std::string> saved(IpVersion version);
  Outcome<Change> become(IpVersion version, const std::vector<std::string>& wanted);
  Outcome<void> write(IpVersion version, const std::string& input);
  bool may_hold_rules(IpVersion version);

  IptablesPrograms programs_;
};

}  // namespace mesh::init
