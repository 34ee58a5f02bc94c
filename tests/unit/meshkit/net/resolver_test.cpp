#include "meshkit/net/resolver.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/meshkit/net/fake_dns.h"

namespace mesh::net {
namespace {

using test::FakeDns;
using test::TestLoop;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

struct World {
  World() : dns(loop) {}

  Resolver& resolver() {
    if (!made) {
      options.servers = {dns.address()};
      made = std::make_unique<Resolver>(loop, options);
    }
    return *made;
  }
  Resolution look_up(std::string_view host, LookupKind kind, std::uint16_t port = 80) {
    std::optional<Resolution> answer;
    Lookup lookup(resolver(), host, port, kind, [&](Resolution r) { answer = std::move(r); });
    CHECK_FALSE(answer);  // never from the constructor
    REQUIRE(loop.run_until([&] { return answer.has_value(); }));
    return std::move(*answer);
  }

  TestLoop loop;
  FakeDns dns;
  ResolverOptions options;
  std::unique_ptr<Resolver> made;
};

std::vector<std::string> texts(const Resolution& resolution) {
  std::vector<std::string> all;
  for (const SocketAddress& address : resolution.addresses) all.emplace_back(address.text().view());
  std::sort(all.begin(), all.end());
  return all;
}

TEST_SUITE("net/resolver") {
  TEST_CASE("finds the addresses of both families, with the port asked for") {
    World world;
    world.dns.add_a("web.test", IpAddress::v4(10, 0, 0, 1), 30);
    world.dns.add_a("web.test", IpAddress::v4(10, 0, 0, 2), 60);
    world.dns.add_a("web.test", *IpAddress::parse("fd00::1"), 90);

    const Resolution answer = world.look_up("web.test.", LookupKind::addresses, 8080);

    REQUIRE(answer.status);
    CHECK(answer.kind == RecordKind::addresses);
    CHECK(texts(answer) ==
          std::vector<std::string>{"10.0.0.1:8080", "10.0.0.2:8080", "[fd00::1]:8080"});
    CHECK(answer.valid_for == 30s);
  }

  TEST_CASE("finds services by the address that their target spells and their own port") {
    World world;
    world.dns.add_srv("svc.test", "10-1-2-3.svc.test", 8086, 20);
    world.dns.add_srv("svc.test", "fd00--7.svc.test", 8087, 40);
    world.dns.add_srv("svc.test", "name.svc.test", 8088, 40);

    const Resolution answer = world.look_up("svc.test.", LookupKind::services_first, 1);

    REQUIRE(answer.status);
    CHECK(answer.kind == RecordKind::services);
    CHECK(texts(answer) == std::vector<std::string>{"10.1.2.3:8086", "[fd00::7]:8087"});
    CHECK(answer.valid_for == 20s);
    CHECK(world.dns.asked("svc.test A") == 0);
  }

  TEST_CASE("falls back to addresses when there are no services") {
    World world;
    world.dns.add_a("web.test", IpAddress::v4(10, 0, 0, 1), 30);
    SUBCASE("none") {}
    SUBCASE("none that spells an address") {
      world.dns.add_srv("web.test", "name.web.test", 8088, 40);
    }

    const Resolution answer = world.look_up("web.test.", LookupKind::services_first);

    REQUIRE(answer.status);
    CHECK(answer.kind == RecordKind::addresses);
    CHECK(texts(answer) == std::vector<std::string>{"10.0.0.1:80"});
    CHECK(world.dns.asked("web.test SRV") == 1);
  }

  TEST_CASE("does not fall back when only services will do") {
    World world;
    world.dns.add_a("web.test", IpAddress::v4(10, 0, 0, 1), 30);

    const Resolution answer = world.look_up("web.test.", LookupKind::services);

    CHECK(answer.status.error().code == Errc::not_found);
    CHECK(answer.addresses.empty());
  }

  TEST_CASE("a name that does not exist is not found, for as long as the zone says") {
    World world;
    world.dns.set_negative_ttl(17);

    const Resolution answer = world.look_up("none.test.", LookupKind::services_first);

    CHECK(answer.status.error().code == Errc::not_found);
    CHECK(answer.valid_for == 17s);
  }

  TEST_CASE("without a negative TTL it says nothing of how long") {
    World world;

    const Resolution answer = world.look_up("none.test.", LookupKind::services_first);

    CHECK_FALSE(answer.valid_for);
  }

  TEST_CASE("no answer holds for less than five seconds") {
    World world;
    world.dns.add_a("web.test", IpAddress::v4(10, 0, 0, 1), 0);
    CHECK(world.look_up("web.test.", LookupKind::addresses).valid_for == 5s);

    world.dns.set_negative_ttl(1);
    CHECK(world.look_up("none.test.", LookupKind::services).valid_for == 5s);
  }

  TEST_CASE("keeps the TTL within the bounds set, but above the floor") {
    World world;
    world.dns.add_a("short.test", IpAddress::v4(10, 0, 0, 1), 6);
    world.dns.add_a("long.test", IpAddress::v4(10, 0, 0, 1), 1000);
    world.options.min_ttl = 10s;
    world.options.max_ttl = 20s;

    CHECK(world.look_up("short.test.", LookupKind::addresses).valid_for == 10s);
    CHECK(world.look_up("long.test.", LookupKind::addresses).valid_for == 20s);
  }

  TEST_CASE("asks anew each time") {
    World world;
    world.dns.add_srv("svc.test", "10-1-2-3.svc.test", 8086, 100);

    for (int i = 0; i < 3; ++i) CHECK(world.look_up("svc.test.", LookupKind::services).status);

    CHECK(world.dns.asked("svc.test SRV") == 3);
  }

  TEST_CASE("a server that fails is unavailable") {
    World world;
    world.options.tries = 1;
    world.dns.fail_with(ARES_RCODE_SERVFAIL);

    const Resolution answer = world.look_up("web.test.", LookupKind::services_first);

    CHECK(answer.status.error().code == Errc::unavailable);
  }

  TEST_CASE("a server that is silent times out") {
    World world;
    world.options.tries = 1;
    world.options.attempt = 250ms;  // the least that c-ares waits
    world.dns.be_silent();

    const Resolution answer = world.look_up("web.test.", LookupKind::services);

    CHECK(answer.status.error().code == Errc::timed_out);
  }

  TEST_CASE("an IP address is its own answer") {
    World world;

    const Resolution v4 = world.look_up("10.1.2.3", LookupKind::services_first, 80);
    const Resolution v6 = world.look_up("fd00::1", LookupKind::addresses, 443);

    CHECK(texts(v4) == std::vector<std::string>{"10.1.2.3:80"});
    CHECK(texts(v6) == std::vector<std::string>{"[fd00::1]:443"});
    CHECK(world.dns.asked_in_all() == 0);
  }

  TEST_CASE("localhost is this machine, with or without its dot") {
    World world;

    for (const char* name : {"localhost", "localhost."}) {
      const Resolution answer = world.look_up(name, LookupKind::addresses, 80);
      REQUIRE(answer.status);
      for (const SocketAddress& address : answer.addresses) CHECK(address.is_loopback());
    }
    CHECK(world.dns.asked_in_all() == 0);
  }

  TEST_CASE("a name that is none fails") {
    World world;
    const std::string long_label(70, 'x');

    CHECK_FALSE(world.look_up(long_label + ".test.", LookupKind::services_first).status);
    CHECK_FALSE(world.look_up(long_label, LookupKind::services_first).status);
    CHECK_FALSE(world.look_up("", LookupKind::services_first).status);
  }

  TEST_CASE("never calls after it is destroyed, and lets the loop end") {
    World world;
    world.dns.be_silent();
    bool called = false;
    auto lookup =
        std::make_unique<Lookup>(world.resolver(), "web.test.", std::uint16_t{80},
                                 LookupKind::services_first, [&](Resolution) { called = true; });
    SUBCASE("before it was sent") {}
    SUBCASE("before the answer") {
      world.loop.run_until([&] { return world.dns.asked_in_all() != 0; });
    }

    lookup.reset();
    world.loop.settle();

    CHECK_FALSE(called);
  }

  TEST_CASE("when nobody waits any more, no socket or timer is left") {
    TestLoop loop;
    const test::Descriptor deaf(::socket(AF_INET, SOCK_DGRAM, 0));
    sockaddr_storage raw;
    socklen_t size = test::kAnyPort.to_sockaddr(raw);
    ::bind(deaf.get(), reinterpret_cast<sockaddr*>(&raw), size);
    ::getsockname(deaf.get(), reinterpret_cast<sockaddr*>(&raw), &size);
    ResolverOptions options;
    options.servers = {SocketAddress::from_sockaddr(raw).value()};
    Resolver resolver(loop, options);
    auto lookup = std::make_unique<Lookup>(resolver, "web.test.", std::uint16_t{80},
                                           LookupKind::services, [](Resolution) {});
    loop.settle();
    CHECK(loop->run_once(false));  // it waits for an answer

    lookup.reset();
    loop.settle();

    CHECK_FALSE(loop->run_once(false));
  }

  TEST_CASE("cancelling one leaves the others") {
    World world;
    world.dns.add_srv("svc.test", "10-1-2-3.svc.test", 8086, 100);
    int answers = 0;
    Lookup kept(world.resolver(), "svc.test.", 80, LookupKind::services,
                [&](Resolution r) { answers += r.status ? 1 : 0; });
    auto cancelled =
        std::make_unique<Lookup>(world.resolver(), "svc.test.", std::uint16_t{80},
                                 LookupKind::services, [&](Resolution) { answers += 100; });

    cancelled.reset();
    world.loop.run_until([&] { return answers != 0; });
    world.loop.settle();

    CHECK(answers == 1);
  }

  TEST_CASE("its call may destroy the lookup and the resolver") {
    World world;
    world.dns.add_srv("svc.test", "10-1-2-3.svc.test", 8086, 100);
    std::unique_ptr<Lookup> lookup;
    bool called = false;
    lookup = std::make_unique<Lookup>(world.resolver(), "svc.test.", std::uint16_t{80},
                                      LookupKind::services, [&](Resolution) {
                                        lookup.reset();
                                        world.made.reset();
                                        called = true;
                                      });

    world.loop.run_until([&] { return called; });

    CHECK(called);
    CHECK(lookup == nullptr);
  }

  TEST_CASE("decodes the address that a service target spells") {
    const auto decode = [](std::string_view target) { return ip_from_service_target(target); };

    CHECK(decode("10-1-2-3.web.default.svc.cluster.local.") == IpAddress::v4(10, 1, 2, 3));
    CHECK(decode("10-1-2-3") == IpAddress::v4(10, 1, 2, 3));
    CHECK(decode("fd00--1.web.svc.") == IpAddress::parse("fd00::1"));
    CHECK(decode("2001-db8-0-0-0-0-0-1.web") == IpAddress::parse("2001:db8::1"));
    CHECK(decode("--1.web") == IpAddress::loopback_v6());
    CHECK_FALSE(decode("web-0.web.svc."));
    CHECK_FALSE(decode("10-1-2.web"));
    CHECK_FALSE(decode("10-1-2-300.web"));
    CHECK_FALSE(decode("10.1.2.3"));
    CHECK_FALSE(decode(""));
    CHECK_FALSE(decode("."));
    CHECK_FALSE(decode(std::string(300, '1')));
  }
}

}  // namespace
}  // namespace mesh::net
