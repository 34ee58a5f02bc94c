#pragma once
// Redirection: which connections of a network namespace go through the proxy, as values.
//
// plan() turns options into an ordered list of rules; the first rule that matches a connection
// decides it. nft_rule, nft_text and iptables_text write the same rules in three languages. A rule
// sees only the first segment of a connection: the kernel remembers the outcome for the rest.
//
// What is never redirected:
//  - whatever leaves through the loopback interface, also towards the workload's own address. That
//    is the application talking to itself, and the proxy handing a connection to the application.
//    (A service address that leads back to the same workload still passes the outbound proxy once.)
//  - the proxy's own connections, known by their user; TCP to port 53 (UDP never is);
//  - connections to the ports that the proxy serves itself;
//  - connections that are passing through to another machine or container;
//  - connections that were open before: their segments are not first segments.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "proxy/init/options.h"

namespace mesh::init {

// Of the table: both IP versions, or IPv4 alone.
enum class Family : std::uint8_t { both, ipv4 };
enum class Direction : std::uint8_t { outbound, inbound };

// What a rule may ask of a first segment.
struct FirstSegment {};    // TCP with SYN, without ACK, RST, FIN
struct Loopback {};        // leaves (outbound) or came (inbound) through lo
struct PassingThrough {};  // its destination is not an address of ours
struct User {
  std::uint32_t id = 0;
};  // who opened the connection
struct Group {
  std::uint32_t id = 0;
};
struct ToPorts {
  PortRange ports;
};
struct FarEnd {
  Subnet subnet;
};  // destination if outbound, source if inbound
using Match = std::variant<FirstSegment, Loopback, PassingThrough, User, Group, ToPorts, FarEnd>;

struct Rule {
  std::vector<Match> matches;                // all must hold
  std::optional<std::uint16_t> redirect_to;  // a port here; none: leave the connection alone
  std::string_view why;                      // of static storage; shown beside the rule
};

struct Chain {
  Direction direction = Direction::outbound;
  std::vector<Rule> rules;
};

struct Redirection {
  Family family = Family::both;
  std::array<Chain, 2> chains;
};

// "outbound", "inbound".
const char* name_of(Direction direction) noexcept;

// Telling traffic that passes through needs a part of the kernel (nft_fib, xt_addrtype) that may
// be missing; without it such traffic is redirected like all else.
enum class Passing : std::uint8_t { left_alone, redirected };

Redirection plan(const Options& options, Passing passing = Passing::left_alone);

}  // namespace mesh::init
