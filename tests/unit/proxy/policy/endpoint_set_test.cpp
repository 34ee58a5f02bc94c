#include "proxy/policy/endpoint_set.h"

#include <doctest/doctest.h>

#include <string>

using namespace mesh;
using namespace mesh::policy;

namespace {

Endpoint at(const std::string& address, std::uint32_t weight = 1) {
  Endpoint endpoint;
  endpoint.address = *net::SocketAddress::parse(address);
  endpoint.weight = weight;
  return endpoint;
}

EndpointChange addition(std::vector<Endpoint> endpoints) {
  return {EndpointChange::Kind::add, std::move(endpoints), {}, true};
}

EndpointChange removal(std::vector<Endpoint> endpoints) {
  EndpointChange change{EndpointChange::Kind::remove, {}, {}, true};
  for (const Endpoint& endpoint : endpoints) change.removed.push_back(endpoint.address);
  return change;
}

EndpointChange clearing(bool exists) { return {EndpointChange::Kind::clear, {}, {}, exists}; }

std::string text(const std::vector<Endpoint>& endpoints) {
  std::string text;
  for (const Endpoint& endpoint : endpoints)
    text += std::string(endpoint.address.text().view()) + ' ';
  return text;
}
std::string text(const std::vector<net::SocketAddress>& addresses) {
  std::string text;
  for (const auto& address : addresses) text += std::string(address.text().view()) + ' ';
  return text;
}

const Endpoint kA = at("10.0.0.1:80");
const Endpoint kB = at("10.0.0.2:80");
const Endpoint kC = at("10.0.0.3:80");

}  // namespace

TEST_SUITE("policy/endpoint_set") {
  TEST_CASE("adds what is new and reports what changed") {
    EndpointSet set;

    CHECK(text(set.apply(addition({kB, kA})).added) == "10.0.0.1:80 10.0.0.2:80 ");
    const auto delta = set.apply(addition({at("10.0.0.1:80", 7), kB, kC}));

    CHECK(text(delta.added) == "10.0.0.3:80 ");
    CHECK(text(delta.changed) == "10.0.0.1:80 ");
    CHECK(delta.removed.empty());
    CHECK(set.endpoints().size() == 3);
    CHECK(set.find(kA.address)->weight == 7);
  }

  TEST_CASE("tells ports of one address apart") {
    EndpointSet set;

    set.apply(addition({kA, at("10.0.0.1:81")}));

    CHECK(set.endpoints().size() == 2);
  }

  TEST_CASE("the last of several with one address counts") {
    EndpointSet set;

    set.apply(addition({at("10.0.0.1:80", 1), at("10.0.0.1:80", 2)}));

    REQUIRE(set.endpoints().size() == 1);
    CHECK(set.endpoints()[0].weight == 2);
  }

  TEST_CASE("removes what is there and ignores what is not") {
    EndpointSet set;
    set.apply(addition({kA, kB}));

    const auto delta = set.apply(removal({kC, kA, kA}));

    CHECK(text(delta.removed) == "10.0.0.1:80 ");
    CHECK(set.endpoints().size() == 1);
    CHECK(set.find(kA.address) == nullptr);
  }

  TEST_CASE("empty adds and removes are nothing") {
    EndpointSet set;

    CHECK(set.apply(addition({})).is_empty());
    CHECK(set.apply(removal({})).is_empty());
    CHECK(set.state() == EndpointSet::State::unknown);
  }

  TEST_CASE("no_endpoints empties the set, whether or not the destination exists") {
    EndpointSet set;
    set.apply(addition({kA, kB}));

    CHECK(text(set.apply(clearing(true)).removed) == "10.0.0.1:80 10.0.0.2:80 ");
    CHECK(set.state() == EndpointSet::State::empty);
    set.apply(addition({kA}));
    CHECK(set.state() == EndpointSet::State::present);
    CHECK(text(set.apply(clearing(false)).removed) == "10.0.0.1:80 ");
    CHECK(set.state() == EndpointSet::State::nonexistent);
  }

  TEST_CASE("removing the last one leaves a destination without endpoints") {
    EndpointSet set;
    set.apply(addition({kA}));
    set.apply(removal({kA}));

    CHECK(set.state() == EndpointSet::State::empty);
  }

  TEST_CASE("after a restart the old set stays until the first change replaces it") {
    EndpointSet set;
    set.apply(addition({kA, kB}));
    set.stream_restarted();
    CHECK(set.endpoints().size() == 2);

    const auto delta = set.apply(addition({at("10.0.0.2:80", 9), kC}));

    CHECK(text(delta.added) == "10.0.0.3:80 ");
    CHECK(text(delta.changed) == "10.0.0.2:80 ");
    CHECK(text(delta.removed) == "10.0.0.1:80 ");
    CHECK(set.endpoints().size() == 2);
    set.apply(addition({kA}));
    CHECK(set.endpoints().size() == 3);
  }

  TEST_CASE("a message that says nothing is not the first change of a stream") {
    EndpointSet set;
    set.apply(addition({kA}));
    set.stream_restarted();

    CHECK(set.apply(addition({})).is_empty());
    CHECK(set.endpoints().size() == 1);
    CHECK(text(set.apply(addition({kB})).removed) == "10.0.0.1:80 ");
  }

  TEST_CASE("a restart followed by the end of all endpoints leaves none") {
    EndpointSet set;
    set.apply(addition({kA}));
    set.stream_restarted();
    CHECK(text(set.apply(clearing(false)).removed) == "10.0.0.1:80 ");
    CHECK(set.state() == EndpointSet::State::nonexistent);

    set.apply(addition({kA}));
    set.stream_restarted();
    CHECK(text(set.apply(removal({kB})).removed) == "10.0.0.1:80 ");
    CHECK(set.state() == EndpointSet::State::empty);
  }

  TEST_CASE("thousands of endpoints are taken in at once") {
    EndpointSet set;
    std::vector<Endpoint> even;
    std::vector<Endpoint> all;
    for (std::uint32_t i = 0; i < 5'000; ++i) {
      Endpoint endpoint;
      endpoint.address = net::SocketAddress(net::IpAddress::v4(0x0a000000 + i), 80);
      if (i % 2 == 0) even.push_back(endpoint);
      all.push_back(endpoint);
    }
    set.apply(addition(even));

    CHECK(set.apply(addition(all)).added.size() == 2'500);
    CHECK(set.endpoints().size() == 5'000);
    CHECK(set.apply(clearing(true)).removed.size() == 5'000);
  }
}
