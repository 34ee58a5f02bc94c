#pragma once
// Options: everything that mesh-init can be told, and how it is written on the command line.
//
// parse() reads the whole line before it judges it: every fault is reported at once. The table of
// options in options.cpp is the only place that knows their names; --help prints it.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "proxy/init/port_range.h"
#include "proxy/init/subnet.h"

namespace mesh::init {

enum class Action : std::uint8_t { arm, remove, help, version };
enum class Backend : std::uint8_t { automatic, nftables, iptables };

struct Options {
  Action action = Action::arm;
  bool dry_run = false;
  bool ipv4_only = false;
  Backend backend = Backend::automatic;

  std::uint16_t outbound_port = 4140;
  std::uint16_t inbound_port = 4143;
  std::uint16_t control_port = 4190;  // this and the next are served by the proxy itself
  std::uint16_t admin_port = 4191;
  std::uint32_t proxy_uid = 2102;
  std::optional<std::uint32_t> proxy_gid = {};

  std::vector<PortRange> inbound_ports = {};  // empty: all of them
  std::vector<PortRange> skip_inbound_ports = {};
  std::vector<PortRange> skip_outbound_ports = {};
  std::vector<Subnet> skip_inbound_subnets = {};   // of clients
  std::vector<Subnet> skip_outbound_subnets = {};  // of destinations
};

struct CommandLine {
  Options options;                  // its lists merged and sorted
  std::vector<std::string> faults;  // one line each; empty when `options` may be used
};

// `arguments` is argv without the program's name.
CommandLine parse(std::span<const char* const> arguments);

// What --help prints.
std::string help_text();

}  // namespace mesh::init
