#include "proxy/policy/route_match.h"

#include <doctest/doctest.h>

#include "proxy/policy/outbound_route.h"
#include "tests/support/allocation_counter.h"
#include "tests/unit/proxy/policy/requests.h"

using namespace mesh::policy;
using namespace mesh::policy::test;

namespace {

HttpMatch exact(const char* path) {
  HttpMatch match;
  match.path = PathPattern::exact(path);
  return match;
}
HttpMatch prefix(const char* path) {
  HttpMatch match;
  match.path = PathPattern::prefix(path);
  return match;
}
HttpMatch regex(const char* path) {
  HttpMatch match;
  match.path = PathPattern::regex(*Regex::compile(path));
  return match;
}

FieldPattern field(const char* name, const char* value) {
  return {name, ValuePattern(std::string(value))};
}
QueryPattern query(const char* name, const char* value) {
  return {name, ValuePattern(std::string(value))};
}

HttpMatch with_field(HttpMatch match, const char* name) {
  match.fields.push_back(field(name, "1"));
  return match;
}
HttpMatch with_query(HttpMatch match, const char* name) {
  match.queries.push_back(query(name, "1"));
  return match;
}
HttpMatch with_method(HttpMatch match, const char* method) {
  match.method = method;
  return match;
}

// A route with one rule of one match.
HttpRoute named(const char* name, HttpMatch match, std::vector<HostPattern> hosts = {}) {
  HttpRoute::Rule rule;
  rule.matches.push_back(std::move(match));
  return HttpRoute{Meta::built_in(name), std::move(hosts), {std::move(rule)}};
}

template <class Route>
std::string chosen(const std::vector<Route>& routes, const RequestView& request) {
  const auto choice = choose_route(routes, request);
  return choice ? choice->route->meta.name : "none";
}

GrpcRoute grpc(const char* name, const char* service, const char* method,
               std::vector<FieldPattern> fields = {}) {
  GrpcRoute::Rule rule;
  rule.matches.push_back(GrpcMatch{service, method, std::move(fields)});
  return GrpcRoute{Meta::built_in(name), {}, {std::move(rule)}};
}

TlsRoute tls(const char* name, std::vector<HostPattern> snis) {
  return TlsRoute{Meta::built_in(name), std::move(snis), {}, {}};
}

std::string chosen_tls(const std::vector<TlsRoute>& routes, const char* sni) {
  const TlsRoute* route = choose_tls_route(routes, sni);
  return route != nullptr ? route->meta.name : "none";
}

HostPattern below_com() {
  const std::vector<std::string> labels{"com"};
  return HostPattern::suffix(labels);
}

}  // namespace

TEST_SUITE("policy/route_match") {
  TEST_CASE("without routes, or without one that fits, there is none") {
    CHECK(chosen(std::vector<HttpRoute>{}, get("/")) == "none");
    CHECK(chosen(std::vector{named("a", exact("/a"))}, get("/b")) == "none");
  }

  TEST_CASE("exact beats prefix beats regex, whatever their lengths and order") {
    const std::vector routes{named("regex", regex("/abc/.*")), named("prefix", prefix("/abc")),
                             named("exact", exact("/abc/d"))};

    CHECK(chosen(routes, get("/abc/d")) == "exact");
    CHECK(chosen(routes, get("/abc/e")) == "prefix");
    CHECK(chosen(std::vector{routes[0], named("root", prefix("/"))}, get("/abc/d")) == "root");
  }

  TEST_CASE("the longer prefix wins") {
    const std::vector routes{named("short", prefix("/a")), named("long", prefix("/a/b"))};

    CHECK(chosen(routes, get("/a/b/c")) == "long");
    CHECK(chosen(routes, get("/a/c")) == "short");
  }

  TEST_CASE("then more fields win, then more queries, then a method") {
    const FakeFields fields{{"x", "1"}, {"y", "1"}};
    const auto best = [&](HttpMatch a, HttpMatch b) {
      const std::vector routes{named("first", std::move(a)), named("second", std::move(b))};
      return chosen(routes, get("/?q=1&r=1", "web", fields));
    };

    CHECK(best(with_field({}, "x"), with_field(with_field({}, "x"), "y")) == "second");
    CHECK(best(with_query(with_query({}, "q"), "r"), with_field({}, "x")) == "second");
    CHECK(best(with_method({}, "GET"), with_query({}, "q")) == "second");
    CHECK(best({}, with_method({}, "GET")) == "second");
  }

  TEST_CASE("the path counts more than fields, queries and method") {
    const FakeFields fields{{"x", "1"}};
    const std::vector routes{
        named("conditions", with_method(with_query(with_field({}, "x"), "q"), "GET")),
        named("path", prefix("/a"))};

    CHECK(chosen(routes, get("/a?q=1", "web", fields)) == "path");
  }

  TEST_CASE("of equals the first declared wins, across routes and rules") {
    CHECK(chosen(std::vector{named("first", prefix("/a")), named("second", prefix("/a"))},
                 get("/a")) == "first");

    HttpRoute two = named("two", exact("/a"));
    two.rules.push_back(two.rules.front());
    const std::vector routes{two};
    CHECK(choose_route(routes, get("/a"))->rule == &routes[0].rules[0]);
  }

  TEST_CASE("the best of a rule's alternatives counts") {
    HttpRoute route = named("two", prefix("/a"));
    route.rules.front().matches.push_back(exact("/a/b"));
    const std::vector routes{named("prefix", prefix("/a")), route};

    CHECK(chosen(routes, get("/a/b")) == "two");
    CHECK(chosen(routes, get("/a/c")) == "prefix");
  }

  TEST_CASE("every condition must hold") {
    const std::vector routes{
        named("all", with_method(with_query(with_field(prefix("/a"), "x"), "q"), "GET"))};
    const FakeFields fields{{"x", "1"}};

    CHECK(chosen(routes, get("/a?q=1", "web", fields)) == "all");
    CHECK(chosen(routes, get("/b?q=1", "web", fields)) == "none");
    CHECK(chosen(routes, get("/a?q=2", "web", fields)) == "none");
    CHECK(chosen(routes, get("/a?q=1")) == "none");
    CHECK(chosen(routes, {"get", "web", "/a?q=1", fields}) == "none");
  }

  TEST_CASE("any of repeated fields may match, a regex only visible text") {
    HttpMatch match;
    match.fields.emplace_back("v", ValuePattern(*Regex::compile("b.")));
    const std::vector routes{named("v", std::move(match))};

    CHECK(chosen(routes, get("/", "web", {{"v", "a"}, {"v", "b1"}})) == "v");
    CHECK(chosen(routes, get("/", "web", {{"v", "a"}, {"w", "b1"}})) == "none");
    CHECK(chosen(routes, get("/", "web", {{"v", "b\xc3\xa4"}})) == "none");
    CHECK(chosen(std::vector{named("exact", HttpMatch{{}, {field("v", "\xe4")}, {}, ""})},
                 get("/", "web", {{"v", "\xe4"}})) == "exact");
  }

  TEST_CASE("the more specific host wins before any match") {
    const std::vector routes{named("any", exact("/a")), named("suffix", prefix("/"), {below_com()}),
                             named("host", prefix("/"), {HostPattern::exact("a.com")})};

    CHECK(chosen(routes, get("/a", "a.com:80")) == "host");
    CHECK(chosen(routes, get("/a", "b.com")) == "suffix");
    CHECK(chosen(routes, get("/a", "web")) == "any");
    CHECK(chosen(routes, get("/a", "")) == "any");
  }

  TEST_CASE("a route with the best host but no fitting rule steps back") {
    const std::vector routes{named("host", exact("/b"), {HostPattern::exact("a.com")}),
                             named("any", prefix("/"))};

    CHECK(chosen(routes, get("/a", "a.com")) == "any");
    CHECK(chosen(routes, get("/b", "a.com")) == "host");
  }

  TEST_CASE("tells which part of the path matched, for redirects") {
    const std::vector routes{named("prefix", prefix("/a/b/"))};
    const auto choice = choose_route(routes, get("/a/b/c?x=/y"));

    REQUIRE(choice.has_value());
    CHECK(choice->rank.path == PathRank{PathKind::prefix, 4});
  }

  TEST_CASE("a match of everything takes requests without a path too") {
    const std::vector routes{named("all", {})};

    CHECK(chosen(routes, {"OPTIONS", "web", "*", kNoFields}) == "all");
    CHECK(chosen(routes, {"CONNECT", "web:443", "", kNoFields}) == "all");
  }

  TEST_CASE("gRPC routes take POST to a service and a method only") {
    const std::vector routes{grpc("any", "", "")};

    CHECK(chosen(routes, call("/shop.Web/Get")) == "any");
    CHECK(chosen(routes, get("/shop.Web/Get")) == "none");
    for (const char* path : {"/", "/shop.Web", "/shop.Web/", "//Get", "/a/b/c", "a/b", ""})
      CHECK(chosen(routes, call(path)) == "none");
  }

  TEST_CASE("gRPC routes prefer the service, then the method, then fields") {
    const std::vector routes{grpc("any", "", ""),
                             grpc("fields", "", "", {field("x", "1"), field("y", "1")}),
                             grpc("method", "", "Get"), grpc("service", "shop.Web", ""),
                             grpc("both", "shop.Web", "Get")};
    const FakeFields fields{{"x", "1"}, {"y", "1"}};

    CHECK(chosen(routes, call("/shop.Web/Get", fields)) == "both");
    CHECK(chosen(routes, call("/shop.Web/Put", fields)) == "service");
    CHECK(chosen(routes, call("/shop.Api/Get", fields)) == "method");
    CHECK(chosen(routes, call("/shop.Api/Put", fields)) == "fields");
    CHECK(chosen(routes, call("/shop.Api/Put")) == "any");
  }

  TEST_CASE("TLS routes choose by server name: exact, then the longer suffix, then any") {
    const std::vector<std::string> labels{"com", "a"};
    const std::vector routes{tls("any", {}), tls("com", {below_com()}),
                             tls("a.com", {HostPattern::suffix(labels)}),
                             tls("exact", {HostPattern::exact("x.a.com")}),
                             tls("late", {HostPattern::exact("x.a.com")})};

    CHECK(chosen_tls(routes, "x.a.com") == "exact");
    CHECK(chosen_tls(routes, "y.a.com") == "a.com");
    CHECK(chosen_tls(routes, "b.com") == "com");
    CHECK(chosen_tls(routes, "b.org") == "any");
    CHECK(chosen_tls({tls("com", {below_com()})}, "b.org") == "none");
  }

  TEST_CASE("choosing does not allocate once it is warm") {
    const std::vector routes{
        named("regex", regex("/[a-z]+/.*"), {below_com()}),
        named("all", with_method(with_query(with_field({}, "x"), "q"), "GET"))};
    const FakeFields fields{{"x", "1"}};
    const RequestView request = get("/abc/d?q=%31&z=a+b", "web.example.com:80", fields);
    (void)choose_route(routes, request);

    const mesh::test::AllocationCounter counter;
    for (int i = 0; i < 10; ++i) (void)choose_route(routes, request);

    CHECK(counter.count() == 0);
  }
}
