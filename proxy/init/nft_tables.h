#pragma once
// NftTables: the tables named "mesh" of the current network namespace, looked at and replaced.
//
// Both changes are a loop of "look; if it is as wanted, done; else one transaction", so the look
// that ends it is also the verification of what was written. A ruleset that changes between the
// look and the transaction makes the kernel refuse the latter, and the loop looks again: of two
// runs at the same time both are whole, and the later one stays.

#include <cstdint>
#include <string_view>
#include <vector>

#include "proxy/init/netlink_socket.h"
#include "proxy/init/nft_description.h"

namespace mesh::init {

enum class Change : std::uint8_t { none, made };

class NftTables {
 public:
  // Fails with EPROTONOSUPPORT where the kernel has no nf_tables, EPERM without CAP_NET_ADMIN.
  static Outcome<NftTables> open();

  // After success the kernel holds exactly `wanted`. After a failure it holds what it held before,
  // unless the failure says that what was read back differs from what was written.
  Outcome<Change> arm(const Redirection& wanted);
  Outcome<Change> remove();

  // Whether a table of the family `ip` or `ip6` holds a chain of this name.
  Outcome<bool> holds_chain(IpVersion version, std::string_view table, std::string_view chain);

 private:
  struct Look {
    std::uint32_t generation = 0;
    std::vector<TableDescription> tables;
  };

  explicit NftTables(NetlinkSocket socket) : socket_(std::move(socket)) {}
  Outcome<Change> become(const Redirection* wanted);
  Outcome<Look> look();
  Outcome<Look> look_once();  // EINTR when the ruleset changed meanwhile
  Outcome<std::uint32_t> generation();
  Outcome<std::vector<std::byte>> list(std::uint16_t type);

  NetlinkSocket socket_;
};

}  // namespace mesh::init
