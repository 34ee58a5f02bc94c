#include "proxy/policy/inbound_from_api.h"

#include <doctest/doctest.h>

#include "proxy/policy/route_match.h"
#include "tests/unit/proxy/policy/messages.h"
#include "tests/unit/proxy/policy/requests.h"

using namespace mesh;
using namespace mesh::policy;
using namespace mesh::policy::test;

namespace {

using Kind = ServerPolicy::Kind;

bool has_fault(const pb::inbound::Server& message, std::string_view what) {
  const auto policy = server_policy_from(message);
  INFO(policy.reason);
  const bool found = policy.kind == Kind::invalid && policy.reason.find(what) != std::string::npos;
  CHECK(found);
  return found;
}

pb::inbound::Server with(const pb::inbound::Authz& authorization) {
  auto message = server_detect();
  *message.add_authorizations() = authorization;
  return message;
}

// Everybody over IPv4 whose client certificate is for `identities` or ends in `suffixes`.
pb::inbound::Authz for_identities(std::vector<std::string> identities,
                                  std::vector<std::vector<std::string>> suffixes) {
  auto message = open_authorization();
  auto& clients = *message.mutable_authentication()->mutable_meshtls()->mutable_identities();
  for (const auto& identity : identities) clients.add_identities()->set_name(identity);
  for (const auto& suffix : suffixes) {
    auto& parts = *clients.add_suffixes();
    for (const auto& part : suffix) parts.add_parts(part);
  }
  return message;
}

Client plain(const char* address) { return {*net::IpAddress::parse(address), false, ""}; }
Client tls(const char* identity) { return {*net::IpAddress::parse("10.0.0.1"), true, identity}; }

bool lets_in(const pb::inbound::Server& message, const Client& client) {
  return authorize_connection(server_policy_from(message), client).is_allowed();
}

}  // namespace

TEST_SUITE("policy/inbound_from_api") {
  TEST_CASE("reads a server that detects the protocol") {
    const auto policy = server_policy_from(with(open_authorization()));

    CHECK(policy.reason == "");
    CHECK(policy.kind == Kind::detect);
    CHECK(policy.detect_timeout == std::chrono::seconds(5));
    CHECK(policy.meta.group == "policy.linkerd.io");
    CHECK(policy.meta.kind == "server");
    CHECK(policy.meta.name == "web");
    CHECK(policy.http_routes.size() == 1);
    CHECK(authorize_connection(policy, plain("10.0.0.1")).by->meta.name == "everybody");
  }

  TEST_CASE("reads every kind of server") {
    auto message = server_base();
    auto& protocol = *message.mutable_protocol();
    const auto kind = [&] { return server_policy_from(message).kind; };

    protocol.mutable_opaque();
    CHECK(kind() == Kind::opaque);
    protocol.mutable_tls();
    CHECK(kind() == Kind::tls);
    protocol.mutable_http1();
    CHECK(kind() == Kind::http1);
    protocol.mutable_http2();
    CHECK(kind() == Kind::http2);
    protocol.mutable_grpc();
    CHECK(kind() == Kind::grpc);
    CHECK(server_policy_from(message).grpc_routes.size() == 1);
  }

  TEST_CASE("only servers whose bytes are not HTTP for sure carry bytes") {
    ServerPolicy policy;
    for (const auto& [kind, carries] : {std::pair(Kind::detect, true),
                                        {Kind::opaque, true},
                                        {Kind::tls, true},
                                        {Kind::http1, false},
                                        {Kind::http2, false},
                                        {Kind::grpc, false},
                                        {Kind::invalid, false}}) {
      policy.kind = kind;
      CHECK(policy.carries_bytes() == carries);
    }
  }

  TEST_CASE("an empty message is invalid, and no crash") { CHECK(has_fault({}, "name")); }

  TEST_CASE("an invalid server lets nobody in, not even the workload itself") {
    const auto policy = server_policy_from(server_base());

    CHECK(has_fault(server_base(), "kind"));
    CHECK(policy.meta.name == "web");
    CHECK(authorize_connection(policy, plain("127.0.0.1")).denial == Denial::invalid_policy);
    CHECK(authorize_request(policy, InboundHttpRoute{}, plain("127.0.0.1")).denial ==
          Denial::invalid_policy);
  }

  TEST_CASE("labels name the server or a built-in policy") {
    auto message = server_detect();
    auto& labels = *message.mutable_labels();
    labels["group"] = "policy.example";
    labels["kind"] = "port";
    CHECK(server_policy_from(message).meta.text() == "policy.example/port web");

    labels["group"] = "";
    labels["kind"] = "default";
    labels["name"] = "all-unauthenticated";
    CHECK(server_policy_from(message).meta == Meta::built_in("all-unauthenticated"));

    labels.clear();
    labels["name"] = "default:deny";
    CHECK(server_policy_from(message).meta == Meta::built_in("deny"));

    labels.erase("name");
    CHECK(has_fault(message, "name"));
  }

  TEST_CASE("detection needs a timeout that is not negative") {
    auto message = server_detect();
    message.mutable_protocol()->mutable_detect()->clear_timeout();
    CHECK(has_fault(message, "timeout"));
    message.mutable_protocol()->mutable_detect()->mutable_timeout()->set_seconds(-1);
    CHECK(has_fault(message, "negative"));
  }

  TEST_CASE("every server also lets in the workload itself from its loopback addresses") {
    const auto message = server_detect();

    CHECK(lets_in(message, plain("127.0.0.1")));
    CHECK(lets_in(message, plain("::1")));
    CHECK_FALSE(lets_in(message, plain("127.0.0.2")));
    CHECK_FALSE(lets_in(message, plain("10.0.0.1")));
    CHECK(authorize_connection(server_policy_from(message), plain("::1")).by->meta.name ==
          "localhost");
  }

  TEST_CASE("an authorization needs networks with addresses") {
    auto authorization = open_authorization();
    authorization.clear_networks();
    CHECK(has_fault(with(authorization), "authorization 0: no networks"));
    authorization.add_networks();
    CHECK(has_fault(with(authorization), "no net"));
    authorization.mutable_networks(0)->mutable_net();
    CHECK(has_fault(with(authorization), "address"));
    set_all_ipv4(authorization);
    authorization.mutable_networks()->DeleteSubrange(0, 1);
    authorization.mutable_networks(0)->mutable_net()->set_prefix_len(33);
    CHECK(has_fault(with(authorization), "prefix"));
  }

  TEST_CASE("reads the exceptions of a network") {
    auto authorization = open_authorization();
    auto& except = *authorization.mutable_networks(0)->add_except();
    except.mutable_ip()->set_ipv4(0x0a000000);
    except.set_prefix_len(8);
    CHECK_FALSE(lets_in(with(authorization), plain("10.0.0.1")));
    CHECK(lets_in(with(authorization), plain("11.0.0.1")));
    except.set_prefix_len(40);
    CHECK(has_fault(with(authorization), "except"));
  }

  TEST_CASE("an authorization needs an authentication of a known kind") {
    auto authorization = open_authorization();
    authorization.clear_authentication();
    CHECK(has_fault(with(authorization), "authentication"));
    authorization.mutable_authentication();
    CHECK(has_fault(with(authorization), "authentication"));
    authorization.mutable_authentication()->mutable_meshtls();
    CHECK(has_fault(with(authorization), "clients"));
  }

  TEST_CASE("mesh TLS may be asked for without an identity") {
    auto authorization = open_authorization();
    authorization.mutable_authentication()->mutable_meshtls()->mutable_unauthenticated();

    CHECK(lets_in(with(authorization), tls("")));
    CHECK_FALSE(lets_in(with(authorization), plain("10.0.0.1")));
  }

  TEST_CASE("identities are literal, DNS names without regard to case") {
    const auto message = with(for_identities({"Web.Shop.ID", "spiffe://td/Web"}, {}));

    CHECK(lets_in(message, tls("web.shop.id")));
    CHECK(lets_in(message, tls("spiffe://td/Web")));
    CHECK_FALSE(lets_in(message, tls("spiffe://td/web")));
    CHECK_FALSE(lets_in(message, tls("api.shop.id")));
  }

  TEST_CASE("suffixes are the joined parts, at a dot, of DNS names only") {
    const auto message = with(for_identities({}, {{"shop", "id"}}));

    CHECK(lets_in(message, tls("web.shop.id")));
    CHECK_FALSE(lets_in(message, tls("workshop.id")));
    CHECK_FALSE(lets_in(message, tls("spiffe://web.shop.id")));
  }

  TEST_CASE("the suffix of everything takes every identity, URIs too") {
    for (const auto& parts : {std::vector<std::string>{}, std::vector<std::string>{""}}) {
      const auto message = with(for_identities({}, {parts}));

      CHECK(lets_in(message, tls("web.shop.id")));
      CHECK(lets_in(message, tls("spiffe://td/web")));
      CHECK_FALSE(lets_in(message, tls("")));
      CHECK_FALSE(lets_in(message, plain("10.0.0.1")));
    }
  }

  TEST_CASE("no identities and no suffixes are nobody") {
    CHECK_FALSE(lets_in(with(for_identities({}, {})), tls("web.shop.id")));
  }

  TEST_CASE("an authorization is named by its metadata, else by its labels") {
    auto authorization = open_authorization();
    (*authorization.mutable_labels())["name"] = "labelled";
    const auto labelled = server_policy_from(with(authorization));
    CHECK(labelled.authorizations.at(0).meta.kind == "AuthorizationPolicy");

    authorization.clear_metadata();
    const auto policy = server_policy_from(with(authorization));
    CHECK(policy.authorizations.at(0).meta.kind == "serverauthorization");
    CHECK(policy.authorizations.at(0).meta.name == "labelled");

    authorization.clear_labels();
    CHECK(has_fault(with(authorization), "name"));
  }

  TEST_CASE("audit is told apart by its metadata") {
    auto authorization = open_authorization();
    authorization.mutable_metadata()->set_default_("audit");
    const auto policy = server_policy_from(with(authorization));

    CHECK(authorize_connection(policy, plain("10.0.0.1")).is_audit());
    CHECK_FALSE(authorize_connection(policy, plain("::1")).is_audit());
  }

  TEST_CASE("routes have authorizations of their own before those of the server") {
    auto message = with(open_authorization("server"));
    auto& route = *message.mutable_protocol()->mutable_detect()->add_http_routes();
    set_resource(*route.mutable_metadata(), "HTTPRoute", "admin");
    route.add_rules()->add_matches()->mutable_path()->set_prefix("/admin");
    *route.add_authorizations() = for_identities({"admin.id"}, {});
    const auto policy = server_policy_from(message);
    const auto choice = choose_route(policy.http_routes, get("/admin/x"));

    REQUIRE(choice.has_value());
    CHECK(choice->route->meta.name == "admin");
    CHECK(authorize_request(policy, *choice->route, tls("admin.id")).by ==
          &choice->route->authorizations[0]);
    CHECK(authorize_request(policy, *choice->route, plain("10.0.0.1")).by->meta.name == "server");
    CHECK(authorize_request(policy, *choice->route, plain("::1")).is_allowed());
    CHECK_FALSE(authorize_request(policy, *choice->route, plain("::2")).is_allowed());
    CHECK_FALSE(choose_route(policy.http_routes, get("/")).has_value());
  }

  TEST_CASE("a server without routes has one for everything") {
    const auto policy = server_policy_from(with(open_authorization()));
    const auto choice = choose_route(policy.http_routes, get("/any"));

    REQUIRE(choice.has_value());
    CHECK(choice->route->meta == Meta::built_in("default"));
    CHECK(authorize_request(policy, *choice->route, plain("10.0.0.1")).is_allowed());
  }

  TEST_CASE("routes that cannot be read make the server invalid") {
    auto message = server_detect();
    auto& route = *message.mutable_protocol()->mutable_detect()->add_http_routes();
    route.add_hosts();
    CHECK(has_fault(message, "host 0"));
    route.clear_hosts();
    route.add_rules()->add_matches()->mutable_path();
    CHECK(has_fault(message, "path"));
    route.clear_rules();
    route.add_authorizations();
    CHECK(has_fault(message, "authorization 0"));
    route.clear_authorizations();
    route.add_rules()->add_filters()->mutable_failure_injector();
    CHECK(has_fault(message, "status"));
  }

  TEST_CASE("a filter of no kind leaves the server valid") {
    auto message = server_detect();
    message.mutable_protocol()->mutable_detect()->add_http_routes()->add_rules()->add_filters();
    const auto policy = server_policy_from(message);

    CHECK(policy.kind == Kind::detect);
    CHECK(std::holds_alternative<UnknownFilter>(policy.http_routes[0].rules[0].filters[0]));
  }

  TEST_CASE("gRPC servers have gRPC routes") {
    auto message = server_base();
    auto& route = *message.mutable_protocol()->mutable_grpc()->add_routes();
    auto& match = *route.add_rules()->add_matches();
    CHECK(has_fault(message, "rpc"));
    match.mutable_rpc()->set_method("Get");
    const auto policy = server_policy_from(message);
    CHECK(choose_route(policy.grpc_routes, call("/shop.Web/Get")).has_value());
    CHECK_FALSE(choose_route(policy.grpc_routes, call("/shop.Web/Put")).has_value());
  }

  TEST_CASE("reads rate limits and leaves out those of nothing") {
    auto message = server_detect();
    auto& limit = *message.mutable_protocol()->mutable_detect()->mutable_http_local_rate_limit();
    limit.mutable_total()->set_requestspersecond(100);
    limit.mutable_identity();
    auto& special = *limit.add_overrides();
    special.mutable_limit()->set_requestspersecond(10);
    special.mutable_clients()->add_identities()->set_name("Web.ID");
    limit.add_overrides()->mutable_clients()->add_identities()->set_name("free.id");
    const auto policy = server_policy_from(message);

    REQUIRE(policy.rate_limit.has_value());
    CHECK(policy.rate_limit->total == 100u);
    CHECK_FALSE(policy.rate_limit->per_identity.has_value());
    REQUIRE(policy.rate_limit->overrides.size() == 1);
    CHECK(policy.rate_limit->overrides[0].limit == 10);
    CHECK(policy.rate_limit->overrides[0].identities.at(0) == "web.id");
  }

  TEST_CASE("servers for HTTP/1 and HTTP/2 have rate limits too") {
    auto message = server_base();
    message.mutable_protocol()->mutable_http1()->mutable_local_rate_limit();
    CHECK(server_policy_from(message).rate_limit.has_value());
    message.mutable_protocol()->mutable_http2()->mutable_local_rate_limit();
    CHECK(server_policy_from(message).rate_limit.has_value());
    message.mutable_protocol()->mutable_http1();
    CHECK_FALSE(server_policy_from(message).rate_limit.has_value());
  }
}
