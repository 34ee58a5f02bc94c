#include "proxy/policy/profile_from_api.h"

#include <doctest/doctest.h>

#include <limits>

#include "tests/unit/proxy/policy/messages.h"

using namespace mesh;
using namespace mesh::policy;
using namespace mesh::policy::test;

namespace {

using pb::destination::DestinationProfile;
using pb::destination::RequestMatch;
using pb::destination::ResponseMatch;

RequestMatch path(const char* regex) {
  RequestMatch match;
  match.mutable_path()->set_regex(regex);
  return match;
}
RequestMatch method(const char* name) {
  RequestMatch match;
  match.mutable_method()->set_unregistered(name);
  return match;
}

void add_override(DestinationProfile& message, const char* authority, std::uint32_t weight) {
  message.add_dst_overrides()->set_authority(authority);
  message.mutable_dst_overrides(message.dst_overrides_size() - 1)->set_weight(weight);
}

// A profile whose only route is for `match`.
Profile with_route(const RequestMatch& match) {
  DestinationProfile message;
  *message.add_routes()->mutable_condition() = match;
  return profile_from(message);
}

bool is_about(const RequestMatch& match, const char* its_method, const char* its_path) {
  const Profile profile = with_route(match);
  return choose_profile_route(profile.routes, its_method, its_path) != nullptr;
}

ResponseMatch status(std::uint32_t min, std::uint32_t max) {
  ResponseMatch match;
  match.mutable_status()->set_min(min);
  match.mutable_status()->set_max(max);
  return match;
}

// The response rules of a route that calls what matches failures.
std::vector<ResponseRule> rules(const std::vector<ResponseMatch>& matches) {
  DestinationProfile message;
  auto& route = *message.add_routes();
  *route.mutable_condition() = path("/");
  for (const auto& match : matches) {
    auto& response = *route.add_response_classes();
    *response.mutable_condition() = match;
    response.set_is_failure(true);
  }
  return profile_from(message).routes.at(0).response_rules;
}

std::optional<RetryBudget> budget(float ratio, std::uint32_t minimum, std::int64_t ttl_ms) {
  DestinationProfile message;
  message.mutable_retry_budget()->set_retry_ratio(ratio);
  message.mutable_retry_budget()->set_min_retries_per_second(minimum);
  set_ms(*message.mutable_retry_budget()->mutable_ttl(), ttl_ms);
  return profile_from(message).retry_budget;
}

}  // namespace

TEST_SUITE("policy/profile_from_api") {
  TEST_CASE("an empty message is a profile that says nothing") {
    const Profile profile = profile_from({});

    CHECK(profile.name.empty());
    CHECK_FALSE(profile.is_opaque);
    CHECK_FALSE(profile.endpoint.has_value());
    CHECK_FALSE(profile.retry_budget.has_value());
  }

  TEST_CASE("takes only DNS names for the service's name") {
    DestinationProfile message;
    message.set_fully_qualified_name("Web.Shop.svc.cluster.local");
    CHECK(profile_from(message).name == "web.shop.svc.cluster.local");
    message.set_fully_qualified_name("a b");
    CHECK(profile_from(message).name.empty());
    message.set_fully_qualified_name("10.0.0.1");
    CHECK(profile_from(message).name.empty());
  }

  TEST_CASE("takes an endpoint that can be dialled") {
    DestinationProfile message;
    message.set_opaque_protocol(true);
    set_address(*message.mutable_endpoint()->mutable_addr(), 0x0a010203, 80);
    CHECK(profile_from(message).is_opaque);
    CHECK(profile_from(message).endpoint->address.port() == 80);
    message.mutable_endpoint()->mutable_addr()->set_port(0);
    CHECK_FALSE(profile_from(message).endpoint.has_value());
  }

  TEST_CASE("drops overrides that are addresses, have no port or no weight") {
    DestinationProfile message;
    add_override(message, "a.shop:80", 0);
    add_override(message, "10.0.0.1:80", 1);
    add_override(message, "b.shop", 1);
    CHECK(profile_from(message).overrides.empty());
    add_override(message, "c.shop:80", 3);
    const Profile profile = profile_from(message);
    REQUIRE(profile.overrides.size() == 1);
    CHECK(profile.overrides[0].destination.text() == "c.shop:80");
    CHECK(profile.overrides[0].weight == 3);
  }

  TEST_CASE("path regexes cover the path without its query, blanks around them do not count") {
    CHECK(is_about(path(" /a/[0-9]+ "), "GET", "/a/1?x=1"));
    CHECK_FALSE(is_about(path("/a"), "GET", "/a/1"));
    CHECK(is_about(path("^/a$"), "GET", "/a"));
    CHECK_FALSE(is_about(path("/a|/b"), "GET", "/ab"));
  }

  TEST_CASE("conditions combine by all, any and not") {
    RequestMatch both;
    *both.mutable_all()->add_matches() = path("/a");
    *both.mutable_all()->add_matches() = method("GET");
    CHECK(is_about(both, "GET", "/a"));
    CHECK_FALSE(is_about(both, "PUT", "/a"));

    RequestMatch either;
    *either.mutable_any()->add_matches() = path("/a");
    *either.mutable_any()->add_matches() = method("GET");
    CHECK(is_about(either, "PUT", "/a"));
    CHECK_FALSE(is_about(either, "PUT", "/b"));

    RequestMatch neither;
    *neither.mutable_not_() = either;
    CHECK(is_about(neither, "PUT", "/b"));
    CHECK_FALSE(is_about(neither, "GET", "/b"));
  }

  TEST_CASE("all of nothing is true, any of nothing is false") {
    RequestMatch all;
    all.mutable_all();
    CHECK(is_about(all, "GET", "/"));
    RequestMatch any;
    any.mutable_any();
    CHECK_FALSE(is_about(any, "GET", "/"));
  }

  TEST_CASE("broken members of a sequence are dropped, a broken condition drops its route") {
    RequestMatch all;
    *all.mutable_all()->add_matches() = path("(");
    *all.mutable_all()->add_matches() = path("/a");
    CHECK(is_about(all, "GET", "/a"));

    RequestMatch negation;
    *negation.mutable_not_() = path("(");
    CHECK(with_route(negation).routes.empty());
    CHECK(with_route(path("(")).routes.empty());
    CHECK(with_route(RequestMatch()).routes.empty());
  }

  TEST_CASE("conditions nested without end are dropped") {
    RequestMatch deep = path("/");
    for (int i = 0; i < 90; ++i) {
      RequestMatch outer;
      *outer.mutable_not_() = deep;
      deep = outer;
    }
    CHECK(with_route(deep).routes.empty());
  }

  TEST_CASE("the first route that holds counts") {
    DestinationProfile message;
    *message.add_routes()->mutable_condition() = path("/a.*");
    *message.add_routes()->mutable_condition() = path("/ab");
    const Profile profile = profile_from(message);

    CHECK(choose_profile_route(profile.routes, "GET", "/ab") == &profile.routes[0]);
  }

  TEST_CASE("keeps labels, retryability and timeout of a route") {
    DestinationProfile message;
    auto& route = *message.add_routes();
    *route.mutable_condition() = path("/");
    (*route.mutable_metrics_labels())["route"] = "root";
    route.set_is_retryable(true);
    set_ms(*route.mutable_timeout(), 250);
    const Profile profile = profile_from(message);
    const ProfileRoute& read = profile.routes.at(0);

    CHECK(read.labels.value("route") == "root");
    CHECK(read.is_retryable);
    CHECK(read.timeout == std::chrono::milliseconds(250));
  }

  TEST_CASE("the first response rule that holds decides") {
    ProfileRoute route;
    route.response_rules = rules({status(500, 503)});
    route.response_rules.push_back({rules({status(500, 599)}).at(0).condition, false});

    CHECK(route.is_failure(503) == true);
    CHECK(route.is_failure(504) == false);
    CHECK_FALSE(route.is_failure(404).has_value());
  }

  TEST_CASE("response rules without two valid bounds, or of nothing, are dropped") {
    ResponseMatch empty_all;
    empty_all.mutable_all();
    ResponseMatch empty_any;
    empty_any.mutable_any();

    CHECK(rules({status(500, 0), status(0, 599), status(99, 200), status(200, 1000)}).empty());
    CHECK(rules({empty_all, empty_any, ResponseMatch()}).empty());
    CHECK(rules({status(100, 999)}).size() == 1);
  }

  TEST_CASE("response conditions combine too") {
    ResponseMatch match;
    *match.mutable_all()->add_matches() = status(400, 599);
    *match.mutable_all()->add_matches()->mutable_not_() = status(404, 404);
    ProfileRoute route;
    route.response_rules = rules({match});

    CHECK(route.is_failure(500) == true);
    CHECK_FALSE(route.is_failure(404).has_value());
  }

  TEST_CASE("takes a retry budget only within its bounds") {
    CHECK(budget(0.2f, 10, 10'000)->min_per_second == 10);
    CHECK(budget(1000.f, 2'147'483'647, 60'000).has_value());
    CHECK_FALSE(budget(-0.1f, 10, 10'000).has_value());
    CHECK_FALSE(budget(1000.5f, 10, 10'000).has_value());
    CHECK_FALSE(budget(std::numeric_limits<float>::quiet_NaN(), 10, 10'000).has_value());
    CHECK_FALSE(budget(0.2f, 2'147'483'648, 10'000).has_value());
    CHECK_FALSE(budget(0.2f, 10, 999).has_value());
    CHECK_FALSE(budget(0.2f, 10, 60'001).has_value());
  }
}
