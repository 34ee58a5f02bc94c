#include "proxy/init/options.h"

#include <doctest/doctest.h>

using namespace mesh::init;

namespace {

CommandLine read(std::vector<const char*> arguments) { return parse(arguments); }

std::string only_fault(std::vector<const char*> arguments) {
  const CommandLine line = read(std::move(arguments));
  REQUIRE(line.faults.size() == 1);
  return line.faults[0];
}

}  // namespace

TEST_SUITE("init/options") {
  TEST_CASE("has the defaults of the mesh") {
    const CommandLine line = read({});

    CHECK(line.faults.empty());
    CHECK(line.options.action == Action::arm);
    CHECK(line.options.backend == Backend::automatic);
    CHECK(line.options.outbound_port == 4140);
    CHECK(line.options.inbound_port == 4143);
    CHECK(line.options.control_port == 4190);
    CHECK(line.options.admin_port == 4191);
    CHECK(line.options.proxy_uid == 2102);
    CHECK_FALSE(line.options.proxy_gid.has_value());
    CHECK_FALSE(line.options.ipv4_only);
    CHECK_FALSE(line.options.dry_run);
  }

  TEST_CASE("takes a value behind an equals sign or as the next argument") {
    CHECK(read({"--outbound-port=5000"}).options.outbound_port == 5000);
    CHECK(read({"--outbound-port", "5000"}).options.outbound_port == 5000);
  }

  TEST_CASE("reads every option") {
    const CommandLine line = read({"--outbound-port",
                                   "1",
                                   "--inbound-port",
                                   "2",
                                   "--control-port",
                                   "3",
                                   "--admin-port",
                                   "4",
                                   "--proxy-uid",
                                   "0",
                                   "--proxy-gid",
                                   "7",
                                   "--inbound-ports",
                                   "80",
                                   "--skip-inbound-ports",
                                   "81",
                                   "--skip-outbound-ports",
                                   "82",
                                   "--ipv4-only",
                                   "--backend",
                                   "iptables",
                                   "--dry-run",
                                   "--remove"});

    CHECK(line.faults.empty());
    CHECK(line.options.outbound_port == 1);
    CHECK(line.options.inbound_port == 2);
    CHECK(line.options.control_port == 3);
    CHECK(line.options.admin_port == 4);
    CHECK(line.options.proxy_uid == 0);
    CHECK(line.options.proxy_gid == 7u);
    CHECK(line.options.inbound_ports == std::vector<PortRange>{{80, 80}});
    CHECK(line.options.skip_inbound_ports == std::vector<PortRange>{{81, 81}});
    CHECK(line.options.skip_outbound_ports == std::vector<PortRange>{{82, 82}});
    CHECK(line.options.ipv4_only);
    CHECK(line.options.backend == Backend::iptables);
    CHECK(line.options.dry_run);
    CHECK(line.options.action == Action::remove);
  }

  TEST_CASE("adds up lists that are given twice and normalises them") {
    const CommandLine line =
        read({"--skip-outbound-ports", "90,80-85", "--skip-outbound-ports=86,80"});

    CHECK(line.options.skip_outbound_ports == std::vector<PortRange>{{80, 86}, {90, 90}});
  }

  TEST_CASE("allows the empty lists that templates leave") {
    const CommandLine line =
        read({"--skip-outbound-ports=", "--skip-subnets", "", "--skip-inbound-ports", "80,,"});

    CHECK(line.faults.empty());
    CHECK(line.options.skip_outbound_ports.empty());
    CHECK(line.options.skip_inbound_ports == std::vector<PortRange>{{80, 80}});
  }

  TEST_CASE("skips a subnet in both directions or in the one that is named") {
    const CommandLine line = read({"--skip-subnets", "10.0.0.0/8", "--skip-inbound-subnets",
                                   "11.0.0.0/8", "--skip-outbound-subnets", "12.0.0.0/8"});

    REQUIRE(line.options.skip_inbound_subnets.size() == 2);
    REQUIRE(line.options.skip_outbound_subnets.size() == 2);
    CHECK(to_text(line.options.skip_inbound_subnets[0]) == "10.0.0.0/8");
    CHECK(to_text(line.options.skip_inbound_subnets[1]) == "11.0.0.0/8");
    CHECK(to_text(line.options.skip_outbound_subnets[0]) == "10.0.0.0/8");
    CHECK(to_text(line.options.skip_outbound_subnets[1]) == "12.0.0.0/8");
  }

  TEST_CASE("reports all faults at once") {
    const CommandLine line = read({"--what", "--outbound-port=0", "stray", "--skip-subnets",
                                   "10/8,fd00::/8,x", "--backend=bpf", "--dry-run=yes",
                                   "--proxy-uid", "root", "--proxy-gid", "-1", "--admin-port"});

    CHECK(line.faults == std::vector<std::string>{
                             "unknown argument \"--what\"",
                             "--outbound-port: \"0\" is not a port between 1 and 65535",
                             "unknown argument \"stray\"",
                             "--skip-subnets: \"10/8\" is not an IPv4 or IPv6 address or network",
                             "--skip-subnets: \"x\" is not an IPv4 or IPv6 address or network",
                             "--backend: \"bpf\" is not auto, nftables or iptables",
                             "--dry-run: \"yes\" is given, but it takes no value",
                             "--proxy-uid: \"root\" is not a numeric id",
                             "--proxy-gid: \"-1\" is not a numeric id",
                             "--admin-port needs a value",
                         });
  }

  TEST_CASE("refuses the id that means nobody") {
    CHECK(only_fault({"--proxy-uid=4294967295"}) ==
          "--proxy-uid: \"4294967295\" is not a numeric id");
    CHECK(read({"--proxy-uid=4294967294"}).faults.empty());
  }

  TEST_CASE("refuses one port for two purposes") {
    CHECK(only_fault({"--inbound-port=4140"}) == "the proxy cannot use port 4140 twice");
    CHECK(only_fault({"--admin-port=4143"}) == "the proxy cannot use port 4143 twice");
  }

  TEST_CASE("help wins over version, both over remove, whatever the order") {
    CHECK(read({"--version", "--help", "--remove"}).options.action == Action::help);
    CHECK(read({"--help", "--version"}).options.action == Action::help);
    CHECK(read({"--remove", "--version"}).options.action == Action::version);
    CHECK(read({"--version", "--remove"}).options.action == Action::version);
  }

  TEST_CASE("every option is in the help text, at most 100 columns wide") {
    const std::string help = help_text();

    for (const char* name :
         {"--outbound-port", "--inbound-port", "--control-port", "--admin-port", "--proxy-uid",
          "--proxy-gid", "--inbound-ports", "--skip-inbound-ports", "--skip-outbound-ports",
          "--skip-subnets", "--skip-inbound-subnets", "--skip-outbound-subnets", "--ipv4-only",
          "--backend", "--dry-run", "--remove", "--help", "--version"})
      CHECK(help.find("  " + std::string(name) + " ") != std::string::npos);
    std::size_t start = 0;
    while (start < help.size()) {
      const std::size_t end = help.find('\n', start);
      CHECK(end - start <= 100);
      start = end + 1;
    }
  }
}
