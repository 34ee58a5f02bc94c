#include "proxy/init/redirect.h"

#include <doctest/doctest.h>

#include "proxy/init/nft_text.h"

using namespace mesh::init;

namespace {

// The rules that must hold for one connection, decided as the kernel does: the first match wins.
struct Connection {
  bool loopback = false;
  bool passing_through = false;
  bool first_segment = true;
  std::uint32_t user = 1000;
  std::uint32_t group = 1000;
  std::uint16_t port = 80;
  std::string far_end = "192.0.2.1";
};

bool is_inside(const Subnet& subnet, const std::string& address) {
  const Subnet other = parse_subnet(address).value();
  if (other.version != subnet.version) return false;
  return to_text(parse_subnet(address + "/" + std::to_string(subnet.prefix)).value()) ==
         to_text(subnet);
}

struct Holds {
  const Connection& connection;

  bool operator()(FirstSegment) const { return connection.first_segment; }
  bool operator()(Loopback) const { return connection.loopback; }
  bool operator()(PassingThrough) const { return connection.passing_through; }
  bool operator()(User user) const { return user.id == connection.user; }
  bool operator()(Group group) const { return group.id == connection.group; }
  bool operator()(ToPorts to) const { return to.ports.contains(connection.port); }
  bool operator()(const FarEnd& far) const { return is_inside(far.subnet, connection.far_end); }
};

// The port that the connection is sent to; 0 when it is left alone.
std::uint16_t fate(const Redirection& redirection, Direction direction, const Connection& c) {
  for (const Chain& chain : redirection.chains) {
    if (chain.direction != direction) continue;
    for (const Rule& rule : chain.rules) {
      bool all = true;
      for (const Match& match : rule.matches) all = all && std::visit(Holds{c}, match);
      if (all) return rule.redirect_to.value_or(0);
    }
  }
  return 0;
}

std::uint16_t outbound(const Options& options, const Connection& connection) {
  return fate(plan(options), Direction::outbound, connection);
}

std::uint16_t inbound(const Options& options, const Connection& connection) {
  return fate(plan(options), Direction::inbound, connection);
}

}  // namespace

TEST_SUITE("init/redirect") {
  TEST_CASE("sends a connection of the application to the outbound proxy") {
    CHECK(outbound({}, {}) == 4140);
    CHECK(outbound({.outbound_port = 5000}, {}) == 5000);
  }

  TEST_CASE("sends a connection from elsewhere to the inbound proxy") {
    CHECK(inbound({}, {}) == 4143);
    CHECK(inbound({.inbound_port = 5000}, {}) == 5000);
  }

  TEST_CASE("leaves the proxy's own connections alone") {
    CHECK(outbound({}, {.user = 2102}) == 0);
    CHECK(outbound({.proxy_uid = 1000}, {.user = 1000}) == 0);
    CHECK(outbound({.proxy_uid = 1000}, {.user = 2102}) == 4140);
  }

  TEST_CASE("leaves a group alone only when one is named") {
    CHECK(outbound({}, {.group = 2102}) == 4140);
    CHECK(outbound({.proxy_gid = 2102}, {.group = 2102}) == 0);
  }

  TEST_CASE("leaves loopback alone in both directions, also towards an own address") {
    CHECK(outbound({}, {.loopback = true, .far_end = "10.0.0.1"}) == 0);
    CHECK(inbound({}, {.loopback = true, .far_end = "10.0.0.1"}) == 0);
  }

  TEST_CASE("leaves alone what passes through, where the kernel can tell") {
    const Redirection blind = plan({}, Passing::redirected);

    CHECK(inbound({}, {.passing_through = true}) == 0);
    CHECK(fate(blind, Direction::inbound, {.passing_through = true}) == 4143);
  }

  TEST_CASE("leaves alone connections that are open already") {
    CHECK(outbound({}, {.first_segment = false}) == 0);
    CHECK(inbound({}, {.first_segment = false}) == 0);
  }

  TEST_CASE("leaves DNS alone on its way out, not on its way in") {
    CHECK(outbound({}, {.port = 53}) == 0);
    CHECK(inbound({}, {.port = 53}) == 4143);
  }

  TEST_CASE("keeps the ports of the proxy itself reachable from outside") {
    CHECK(inbound({}, {.port = 4190}) == 0);
    CHECK(inbound({}, {.port = 4191}) == 0);
    CHECK(inbound({.control_port = 5000, .admin_port = 6000}, {.port = 5000}) == 0);
    CHECK(inbound({.control_port = 5000, .admin_port = 6000}, {.port = 6000}) == 0);
    CHECK(inbound({.control_port = 5000, .admin_port = 6000}, {.port = 4191}) == 4143);
    CHECK(outbound({}, {.port = 4191}) == 4140);
  }

  TEST_CASE("skips ports and ranges in the direction that is named") {
    const Options options{.skip_inbound_ports = {{25, 25}}, .skip_outbound_ports = {{4567, 4568}}};

    CHECK(outbound(options, {.port = 4566}) == 4140);
    CHECK(outbound(options, {.port = 4567}) == 0);
    CHECK(outbound(options, {.port = 4568}) == 0);
    CHECK(outbound(options, {.port = 4569}) == 4140);
    CHECK(outbound(options, {.port = 25}) == 4140);
    CHECK(inbound(options, {.port = 25}) == 0);
    CHECK(inbound(options, {.port = 4567}) == 4143);
  }

  TEST_CASE("skips subnets by the far end of a connection") {
    const Options options{.skip_inbound_subnets = {parse_subnet("10.0.0.0/8").value()},
                          .skip_outbound_subnets = {parse_subnet("fd00::/8").value()}};

    CHECK(inbound(options, {.far_end = "10.9.9.9"}) == 0);
    CHECK(inbound(options, {.far_end = "11.9.9.9"}) == 4143);
    CHECK(inbound(options, {.far_end = "fd00::1"}) == 4143);
    CHECK(outbound(options, {.far_end = "fd00::1"}) == 0);
    CHECK(outbound(options, {.far_end = "10.9.9.9"}) == 4140);
  }

  TEST_CASE("redirects only the inbound ports that are listed, skips before that") {
    const Options options{.inbound_ports = {{80, 80}, {8080, 8090}},
                          .skip_inbound_ports = {{8085, 8085}}};

    CHECK(inbound(options, {.port = 80}) == 4143);
    CHECK(inbound(options, {.port = 8090}) == 4143);
    CHECK(inbound(options, {.port = 8085}) == 0);
    CHECK(inbound(options, {.port = 81}) == 0);
    CHECK(outbound(options, {.port = 81}) == 4140);
  }

  TEST_CASE("leaves IPv6 and its subnets out of an IPv4 plan") {
    const Redirection redirection =
        plan({.ipv4_only = true,
              .skip_outbound_subnets = {parse_subnet("10.0.0.0/8").value(),
                                        parse_subnet("fd00::/8").value()}});

    CHECK(redirection.family == Family::ipv4);
    CHECK(fate(redirection, Direction::outbound, {.far_end = "10.1.1.1"}) == 0);
    CHECK(fate(redirection, Direction::outbound, {.far_end = "fd00::1"}) == 4140);
  }

  TEST_CASE("has one rule for DNS even when it is skipped by hand") {
    CHECK(plan({.skip_outbound_ports = {{53, 53}}}).chains[0].rules.size() ==
          plan({}).chains[0].rules.size());
  }
}

TEST_SUITE("init/nft_text") {
  TEST_CASE("writes what nft prints") {
    CHECK(
        nft_text(plan({})) ==
        "table inet mesh {\n"
        "\tchain outbound {\n"
        "\t\ttype nat hook output priority -100; policy accept;\n"
        "\t\toifname \"lo\" accept comment \"stays inside\"\n"
        "\t\tmeta skuid 2102 accept comment \"the proxy itself\"\n"
        "\t\ttcp dport 53 accept comment \"DNS\"\n"
        "\t\ttcp flags syn / fin,syn,rst,ack redirect to :4140 comment \"to the outbound proxy\"\n"
        "\t}\n"
        "\n"
        "\tchain inbound {\n"
        "\t\ttype nat hook prerouting priority dstnat; policy accept;\n"
        "\t\tiifname \"lo\" accept comment \"stays inside\"\n"
        "\t\tfib daddr type != local accept comment \"passes through\"\n"
        "\t\ttcp dport 4190-4191 accept comment \"served by the proxy\"\n"
        "\t\ttcp flags syn / fin,syn,rst,ack redirect to :4143 comment \"to the inbound proxy\"\n"
        "\t}\n"
        "}\n");
  }

  TEST_CASE("names the far end of a subnet by direction and version") {
    const std::vector<Subnet> subnets{parse_subnet("10.0.0.0/8").value(),
                                      parse_subnet("fd00::1").value()};
    const std::string text = nft_text(
        plan({.proxy_gid = 5, .skip_inbound_subnets = subnets, .skip_outbound_subnets = subnets}));

    CHECK(text.find("\t\tmeta skgid 5 accept") != std::string::npos);
    CHECK(text.find("\t\tip daddr 10.0.0.0/8 accept") != std::string::npos);
    CHECK(text.find("\t\tip6 daddr fd00::1 accept") != std::string::npos);
    CHECK(text.find("\t\tip saddr 10.0.0.0/8 accept") != std::string::npos);
    CHECK(text.find("\t\tip6 saddr fd00::1 accept") != std::string::npos);
  }

  TEST_CASE("puts an IPv4 plan into a table of IPv4") {
    CHECK(nft_text(plan({.ipv4_only = true})).starts_with("table ip mesh {\n"));
  }
}
