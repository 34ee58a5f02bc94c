#include "proxy/policy/authorization.h"

#include <doctest/doctest.h>

#include "tests/support/allocation_counter.h"

using namespace mesh;
using namespace mesh::policy;

namespace {

AllowedNetwork network(const char* text, std::vector<const char*> except = {}) {
  AllowedNetwork allowed{*net::IpNetwork::parse(text), {}};
  for (const char* hole : except) allowed.except.push_back(*net::IpNetwork::parse(hole));
  return allowed;
}

Authorization from(const char* name, AllowedNetwork where,
                   Authentication how = Authentication::none, AllowedIdentities who = {}) {
  return {Meta::built_in(name), {std::move(where)}, how, std::move(who)};
}

Authorization of(const char* name, AllowedIdentities who) {
  return from(name, network("0.0.0.0/0"), Authentication::identities, std::move(who));
}

Client plain(const char* address) { return {*net::IpAddress::parse(address), false, ""}; }
Client tls(const char* identity) { return {*net::IpAddress::parse("10.0.0.1"), true, identity}; }

Verdict judge(const std::vector<Authorization>& list, const Client& client) {
  return authorize({}, list, client);
}

}  // namespace

TEST_SUITE("policy/authorization") {
  TEST_CASE("nobody comes in where nothing is authorized") {
    const auto verdict = judge({}, plain("10.0.0.1"));

    CHECK_FALSE(verdict.is_allowed());
    CHECK(verdict.denial == Denial::no_authorization);
    CHECK(verdict.by == nullptr);
  }

  TEST_CASE("networks let in their addresses, but not their exceptions") {
    const std::vector list{from("net", network("10.0.0.0/8", {"10.1.0.0/16", "10.2.3.4"}))};

    CHECK(judge(list, plain("10.0.0.1")).is_allowed());
    CHECK(judge(list, plain("10.2.3.5")).is_allowed());
    CHECK(judge(list, plain("10.1.0.1")).denial == Denial::network);
    CHECK(judge(list, plain("10.2.3.4")).denial == Denial::network);
    CHECK(judge(list, plain("11.0.0.1")).denial == Denial::network);
    CHECK(judge(list, plain("::1")).denial == Denial::network);
  }

  TEST_CASE("mesh TLS without identities takes any TLS client") {
    const std::vector list{from("tls", network("0.0.0.0/0"), Authentication::mesh_tls)};

    CHECK(judge(list, tls("")).is_allowed());
    CHECK(judge(list, tls("web.id")).is_allowed());
    CHECK(judge(list, plain("10.0.0.1")).denial == Denial::no_tls);
  }

  TEST_CASE("identities match exactly, DNS or URI") {
    const std::vector list{of("ids", {false, {"web.id", "spiffe://td/Web"}, {}})};

    CHECK(judge(list, tls("web.id")).is_allowed());
    CHECK(judge(list, tls("spiffe://td/Web")).is_allowed());
    CHECK(judge(list, tls("a.web.id")).denial == Denial::identity);
    CHECK(judge(list, tls("spiffe://td/web")).denial == Denial::identity);
    CHECK(judge(list, tls("")).denial == Denial::no_identity);
    CHECK(judge(list, plain("10.0.0.1")).denial == Denial::no_tls);
  }

  TEST_CASE("suffixes take DNS names below them, and never URIs") {
    const std::vector list{of("suffix", {false, {}, {".shop.id"}})};

    CHECK(judge(list, tls("web.shop.id")).is_allowed());
    CHECK(judge(list, tls("a.web.shop.id")).is_allowed());
    CHECK(judge(list, tls("shop.id")).denial == Denial::identity);
    CHECK(judge(list, tls("workshop.id")).denial == Denial::identity);
    CHECK(judge(list, tls(".shop.id")).denial == Denial::identity);
    CHECK(judge(list, tls("spiffe://web.shop.id")).denial == Denial::identity);
  }

  TEST_CASE("any identity takes DNS and URI clients, but not those without one") {
    const std::vector list{of("all", {true, {}, {}})};

    CHECK(judge(list, tls("web.id")).is_allowed());
    CHECK(judge(list, tls("spiffe://td/web")).is_allowed());
    CHECK(judge(list, tls("")).denial == Denial::no_identity);
  }

  TEST_CASE("the first that fits lets in, a route's own before its server's") {
    const std::vector first{from("narrow", network("10.0.0.1"))};
    const std::vector then{from("wide", network("10.0.0.0/8")), from("late", network("0.0.0.0/0"))};

    CHECK(authorize(first, then, plain("10.0.0.1")).by->meta.name == "narrow");
    CHECK(authorize(first, then, plain("10.0.0.2")).by->meta.name == "wide");
    CHECK(authorize(first, then, plain("11.0.0.2")).by->meta.name == "late");
  }

  TEST_CASE("a refusal names what came closest and what it missed") {
    const std::vector list{from("far", network("192.168.0.0/16")),
                           from("tls", network("10.0.0.0/8"), Authentication::mesh_tls),
                           of("ids", {false, {"web.id"}, {}})};

    CHECK(judge(list, plain("10.0.0.1")).by->meta.name == "tls");
    const std::vector others{list[0], list[2]};
    const auto verdict = judge(others, tls("api.id"));
    CHECK(verdict.by->meta.name == "ids");
    CHECK(name_of(verdict.denial) == std::string("identity"));
    CHECK(judge({list[0]}, plain("10.0.0.1")).by->meta.name == "far");
  }

  TEST_CASE("what audit lets in is told apart") {
    const std::vector list{from("audit", network("0.0.0.0/0"))};

    CHECK(judge(list, plain("10.0.0.1")).is_audit());
    CHECK_FALSE(judge({from("open", network("0.0.0.0/0"))}, plain("10.0.0.1")).is_audit());
    CHECK_FALSE(judge(list, plain("::1")).is_audit());
  }

  TEST_CASE("judging does not allocate") {
    const std::vector list{of("ids", {false, {"api.id"}, {".shop.id"}})};
    const Client client = tls("a.web.shop.id");

    const test::AllocationCounter counter;
    const bool is_allowed = judge(list, client).is_allowed();

    CHECK(is_allowed);
    CHECK(counter.count() == 0);
  }
}
