#include "proxy/init/redirect.h"

#include <utility>

namespace mesh::init {
namespace {

constexpr PortRange kDns{53, 53};

std::vector<PortRange> ports_of_the_proxy(const Options& options) {
  return merged(
      {{options.control_port, options.control_port}, {options.admin_port, options.admin_port}});
}

class ChainBuilder {
 public:
  ChainBuilder(Direction direction, Family family) : family_(family) {
    chain_.direction = direction;
  }

  void leave(const Match& match, std::string_view why) {
    chain_.rules.push_back({{match}, std::nullopt, why});
  }
  void leave_ports(const std::vector<PortRange>& ports, std::string_view why) {
    for (const PortRange range : ports) leave(ToPorts{range}, why);
  }
  void leave_subnets(const std::vector<Subnet>& subnets) {
    for (const Subnet& subnet : subnets)
      if (family_ == Family::both || subnet.version == IpVersion::v4)
        leave(FarEnd{subnet}, "skipped subnet");
  }
  void redirect(std::vector<Match> matches, std::uint16_t port, std::string_view why) {
    matches.emplace_back(FirstSegment{});
    chain_.rules.push_back({std::move(matches), port, why});
  }
  Chain take() { return std::move(chain_); }

 private:
  Family family_;
  Chain chain_;
};

Chain outbound_chain(const Options& options, Family family) {
  ChainBuilder chain(Direction::outbound, family);
  chain.leave(Loopback{}, "stays inside");
  chain.leave(User{options.proxy_uid}, "the proxy itself");
  if (options.proxy_gid) chain.leave(Group{*options.proxy_gid}, "the proxy itself");
  std::vector<PortRange> skipped = options.skip_outbound_ports;
  std::erase(skipped, kDns);
  chain.leave(ToPorts{kDns}, "DNS");
  chain.leave_ports(skipped, "skipped port");
  chain.leave_subnets(options.skip_outbound_subnets);
  chain.redirect({}, options.outbound_port, "to the outbound proxy");
  return chain.take();
}

Chain inbound_chain(const Options& options, Family family, Passing passing) {
  ChainBuilder chain(Direction::inbound, family);
  chain.leave(Loopback{}, "stays inside");
  if (passing == Passing::left_alone) chain.leave(PassingThrough{}, "passes through");
  chain.leave_ports(ports_of_the_proxy(options), "served by the proxy");
  chain.leave_ports(options.skip_inbound_ports, "skipped port");
  chain.leave_subnets(options.skip_inbound_subnets);
  for (const PortRange range : options.inbound_ports)
    chain.redirect({ToPorts{range}}, options.inbound_port, "to the inbound proxy");
  if (options.inbound_ports.empty())
    chain.redirect({}, options.inbound_port, "to the inbound proxy");
  return chain.take();
}

}  // namespace

const char* name_of(Direction direction) noexcept {
  return direction == Direction::outbound ? "outbound" : "inbound";
}

Redirection plan(const Options& options, Passing passing) {
  const Family family = options.ipv4_only ? Family::ipv4 : Family::both;
  return {family, {outbound_chain(options, family), inbound_chain(options, family, passing)}};
}

}  // namespace mesh::init
