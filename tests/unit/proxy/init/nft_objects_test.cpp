#include "proxy/init/nft_objects.h"

#include <doctest/doctest.h>

#include "proxy/init/nft_description.h"

using namespace mesh::init;

namespace {

std::string rule(Direction direction, std::vector<Match> matches,
                 std::optional<std::uint16_t> redirect_to = std::nullopt,
                 Family family = Family::both) {
  return line_of(*rule_object(family, direction, Rule{std::move(matches), redirect_to, "why"}));
}

Match far_end(const char* text) { return FarEnd{parse_subnet(text).value()}; }

// How libnftnl writes the comment "why", behind which every rule ends.
const std::string kAccept = " [ immediate reg 0 accept ] userdata = { \\x00\\x04why\\x00 }";
const std::string kTcp = " [ meta load l4proto => reg 1 ] [ cmp eq reg 1 0x00000006 ]";

}  // namespace

TEST_SUITE("init/nft_objects") {
  TEST_CASE("loopback is the interface by which a connection leaves or comes") {
    const std::string lo =
        " [ cmp eq reg 1 0x00006f6c 0x00000000 0x00000000 0x00000000 ]" + kAccept;

    CHECK(rule(Direction::outbound, {Loopback{}}) ==
          "inet mesh outbound [ meta load oifname => reg 1 ]" + lo);
    CHECK(rule(Direction::inbound, {Loopback{}}) ==
          "inet mesh inbound [ meta load iifname => reg 1 ]" + lo);
  }

  TEST_CASE("users and groups are compared as numbers of the host") {
    CHECK(rule(Direction::outbound, {User{2102}}) ==
          "inet mesh outbound [ meta load skuid => reg 1 ] [ cmp eq reg 1 0x00000836 ]" + kAccept);
    CHECK(rule(Direction::outbound, {Group{2102}}) ==
          "inet mesh outbound [ meta load skgid => reg 1 ] [ cmp eq reg 1 0x00000836 ]" + kAccept);
  }

  TEST_CASE("ports are compared in network order, a range by both ends") {
    const std::string load = " [ payload load 2b @ transport header + 2 => reg 1 ]";

    CHECK(rule(Direction::outbound, {ToPorts{{53, 53}}}) ==
          "inet mesh outbound" + kTcp + load + " [ cmp eq reg 1 0x00003500 ]" + kAccept);
    CHECK(rule(Direction::inbound, {ToPorts{{4567, 4568}}}) ==
          "inet mesh inbound" + kTcp + load +
              " [ cmp gte reg 1 0x0000d711 ] [ cmp lte reg 1 0x0000d811 ]" + kAccept);
  }

  TEST_CASE("subnets are compared under their mask, with the destination or the source") {
    CHECK(rule(Direction::outbound, {far_end("10.0.0.0/9")}) ==
          "inet mesh outbound [ meta load nfproto => reg 1 ] [ cmp eq reg 1 0x00000002 ]"
          " [ payload load 4b @ network header + 16 => reg 1 ]"
          " [ bitwise reg 1 = ( reg 1 & 0x000080ff ) ^ 0x00000000 ]"
          " [ cmp eq reg 1 0x0000000a ]" +
              kAccept);
    CHECK(rule(Direction::inbound, {far_end("10.0.0.1")}) ==
          "inet mesh inbound [ meta load nfproto => reg 1 ] [ cmp eq reg 1 0x00000002 ]"
          " [ payload load 4b @ network header + 12 => reg 1 ]"
          " [ cmp eq reg 1 0x0100000a ]" +
              kAccept);
    CHECK(rule(Direction::outbound, {far_end("fd00::1")}) ==
          "inet mesh outbound [ meta load nfproto => reg 1 ] [ cmp eq reg 1 0x0000000a ]"
          " [ payload load 16b @ network header + 24 => reg 1 ]"
          " [ cmp eq reg 1 0x000000fd 0x00000000 0x00000000 0x01000000 ]" +
              kAccept);
    CHECK(rule(Direction::inbound, {far_end("fd00::/8")}).find("network header + 8 =>") !=
          std::string::npos);
  }

  TEST_CASE("a table of IPv4 alone has no need to ask for the version") {
    CHECK(rule(Direction::outbound, {far_end("10.0.0.1")}, std::nullopt, Family::ipv4) ==
          "ip mesh outbound [ payload load 4b @ network header + 16 => reg 1 ]"
          " [ cmp eq reg 1 0x0100000a ]" +
              kAccept);
  }

  TEST_CASE("a redirection takes first segments only, and asks for TCP once") {
    CHECK(rule(Direction::inbound, {ToPorts{{80, 80}}, FirstSegment{}}, std::uint16_t{4143}) ==
          "inet mesh inbound" + kTcp +
              " [ payload load 2b @ transport header + 2 => reg 1 ] [ cmp eq reg 1 0x00005000 ]"
              " [ payload load 1b @ transport header + 13 => reg 1 ]"
              " [ bitwise reg 1 = ( reg 1 & 0x00000017 ) ^ 0x00000000 ]"
              " [ cmp eq reg 1 0x00000002 ]"
              " [ immediate reg 1 0x00002f10 ]"
              " [ redir proto_min reg 1 proto_max reg 1 flags 0x2 ]"
              " userdata = { \\x00\\x04why\\x00 }");
  }

  TEST_CASE("what passes through is told by the routing table") {
    CHECK(rule(Direction::inbound, {PassingThrough{}}) ==
          "inet mesh inbound [ fib daddr type => reg 1 ] [ cmp neq reg 1 0x00000002 ]" + kAccept);
  }

  TEST_CASE("chains hook in where destinations are rewritten") {
    CHECK(line_of(*chain_object(Family::both, Direction::outbound)) ==
          "chain outbound type nat hook 3 priority -100 policy 1");
    CHECK(line_of(*chain_object(Family::ipv4, Direction::inbound)) ==
          "chain inbound type nat hook 0 priority -100 policy 1");
    CHECK(line_of(*table_object(Family::both)) == "table flags 0");
  }
}

TEST_SUITE("init/nft_description") {
  TEST_CASE("describes the table, both chains and every rule in order") {
    const Redirection redirection = plan({});
    const TableDescription description = describe(redirection);

    REQUIRE(description.lines.size() ==
            3 + redirection.chains[0].rules.size() + redirection.chains[1].rules.size());
    CHECK(description.lines[0] == "table flags 0");
    CHECK(description.lines[1].starts_with("chain outbound"));
    CHECK(description.lines[2].starts_with("chain inbound"));
    CHECK(description.lines[3].starts_with("inet mesh outbound"));
    CHECK(description.lines.back().starts_with("inet mesh inbound"));
  }

  TEST_CASE("handles and positions make no difference") {
    const RuleObject fresh =
        rule_object(Family::both, Direction::outbound, Rule{{User{1}}, {}, ""});
    const RuleObject listed =
        rule_object(Family::both, Direction::outbound, Rule{{User{1}}, {}, ""});
    nftnl_rule_set_u64(listed.get(), NFTNL_RULE_HANDLE, 7);
    nftnl_rule_set_u64(listed.get(), NFTNL_RULE_POSITION, 6);

    CHECK(line_of(*fresh) == line_of(*listed));
  }

  TEST_CASE("every option of a plan makes a difference") {
    const TableDescription base = describe(plan({}));

    CHECK(describe(plan({})) == base);
    CHECK_FALSE(describe(plan({.ipv4_only = true})) == base);
    CHECK_FALSE(describe(plan({.outbound_port = 1})) == base);
    CHECK_FALSE(describe(plan({.proxy_uid = 1})) == base);
    CHECK_FALSE(describe(plan({.skip_inbound_ports = {{1, 1}}})) == base);
    CHECK_FALSE(describe(plan({}, Passing::redirected)) == base);
  }

  TEST_CASE("names the first line that differs, also where one side has ended") {
    const TableDescription one{Family::both, {"a", "b"}};

    CHECK(difference(one, {Family::both, {"a", "c"}}) == "expected b, found c");
    CHECK(difference(one, {Family::both, {"a"}}) == "expected b, found nothing");
    CHECK(difference(one, {Family::both, {"a", "b", "c"}}) == "expected nothing, found c");
  }

  TEST_CASE("reads a rule of any length") {
    std::vector<Match> matches(40, Match{far_end("fd00::/9")});

    CHECK(rule(Direction::outbound, std::move(matches)).ends_with(kAccept));
  }
}
