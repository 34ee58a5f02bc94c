#include "proxy/settings.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "proxy/setting_table.h"
#include "tests/support/certs.h"

using namespace mesh;

namespace {

// What a proxy cannot do without.
FixedEnvironment least() {
  static const std::string anchors = test::TestAuthority().root().certificate().pem();
  return FixedEnvironment({
      {"MESH_PROXY_DESTINATION_SVC_ADDR", "dst.mesh:8086"},
      {"MESH_PROXY_DESTINATION_SVC_NAME", "dst.identity"},
      {"MESH_PROXY_POLICY_SVC_ADDR", "localhost.:8090"},
      {"MESH_PROXY_POLICY_WORKLOAD", "shop:web"},
      {"MESH_PROXY_IDENTITY_SVC_ADDR", "127.0.0.1:8080"},
      {"MESH_PROXY_IDENTITY_LOCAL_NAME", "Web.Shop.Identity"},
      {"MESH_PROXY_IDENTITY_TRUST_ANCHORS", anchors},
      {"MESH_PROXY_IDENTITY_TOKEN_FILE", "/token"},
  });
}

Parsed with(std::vector<std::pair<std::string, std::string>> more, Machine machine = {}) {
  FixedEnvironment environment = least();
  for (const auto& [name, value] : more) environment.set(name, value);
  return settings_from(environment, machine);
}

bool any_contains(const std::vector<std::string>& lines, std::string_view text) {
  return std::any_of(lines.begin(), lines.end(), [text](const std::string& line) {
    return line.find(text) != std::string::npos;
  });
}

}  // namespace

TEST_SUITE("settings") {
  TEST_CASE("needs little, and has the documented defaults for the rest") {
    const Parsed parsed = with({});

    REQUIRE(parsed.faults.empty());
    const Settings& s = parsed.settings;
    CHECK(s.outbound.listen == std::vector{*net::SocketAddress::parse("127.0.0.1:4140")});
    CHECK(s.inbound.listen == std::vector{*net::SocketAddress::parse("0.0.0.0:4143")});
    CHECK(s.admin.listen == *net::SocketAddress::parse("127.0.0.1:4191"));
    CHECK(s.inbound.connect.deadline == Milliseconds(300));
    CHECK(s.outbound.connect.deadline == Milliseconds(1000));
    CHECK(s.outbound.backoff.min == Milliseconds(100));
    CHECK(s.outbound.backoff.max == Milliseconds(60'000));
    CHECK(s.outbound.backoff.jitter == 0.1);
    CHECK(s.inbound.opening.timeout == Milliseconds(10'000));
    CHECK(s.inbound.opening.quiet == Milliseconds(100));
    CHECK(s.outbound.target_idle == Milliseconds(5000));
    CHECK(s.inbound.port_idle == Milliseconds(90'000));
    CHECK(s.outbound.router.tells_errors);
    CHECK(s.profiles.suffixes == std::vector<std::string>{"svc.cluster.local"});
    CHECK(s.shutdown_grace == Milliseconds(120'000));
    CHECK_FALSE(s.admin.shutdown_enabled);
    CHECK(s.workers == 1);
    CHECK(s.log.filter == "warn,linkerd=info,hickory=error");
    CHECK(s.access_log == AccessLog::off);
    CHECK(s.outbound.server_first_ports.size() == 8);
    CHECK(s.control.discovery_timeout == Milliseconds(3000));
    CHECK(s.inbound.watched_ports == std::vector<std::uint16_t>{4191});
    CHECK(any_contains(parsed.warnings, "INBOUND_DEFAULT_POLICY is not set"));
  }

  TEST_CASE("reads the other prefix, and prefers its own") {
    const Parsed parsed = with({{"LINKERD2_PROXY_OUTBOUND_CONNECT_TIMEOUT", "1000ms"},
                                {"LINKERD2_PROXY_INBOUND_CONNECT_TIMEOUT", "1s"},
                                {"MESH_PROXY_INBOUND_CONNECT_TIMEOUT", "100ms"}});

    REQUIRE(parsed.faults.empty());
    CHECK(parsed.settings.outbound.connect.deadline == Milliseconds(1000));
    CHECK(parsed.settings.inbound.connect.deadline == Milliseconds(100));
  }

  TEST_CASE("reports every fault at once, each by the name that was set") {
    const Parsed parsed = with({{"MESH_PROXY_INBOUND_CONNECT_TIMEOUT", "fast"},
                                {"LINKERD2_PROXY_OUTBOUND_LISTEN_ADDR", "here"},
                                {"MESH_PROXY_SHUTDOWN_ENDPOINT_ENABLED", "yes"},
                                {"MESH_PROXY_LOG", "loud"},
                                {"MESH_PROXY_POLICY_WORKLOAD", ""}});

    CHECK(parsed.faults.size() == 5);
    CHECK(any_contains(parsed.faults, "MESH_PROXY_INBOUND_CONNECT_TIMEOUT=\"fast\" is not a dur"));
    CHECK(any_contains(parsed.faults, "LINKERD2_PROXY_OUTBOUND_LISTEN_ADDR=\"here\" is not"));
    CHECK(any_contains(parsed.faults, "MESH_PROXY_SHUTDOWN_ENDPOINT_ENABLED"));
    CHECK(any_contains(parsed.faults, "MESH_PROXY_LOG"));
    CHECK(any_contains(parsed.faults, "MESH_PROXY_POLICY_WORKLOAD is required"));
  }

  TEST_CASE("names all that is required of an empty environment") {
    const Parsed parsed = settings_from(FixedEnvironment(), Machine{});

    CHECK(parsed.faults.size() == 8);
    for (const char* name : {"IDENTITY_SVC_ADDR", "DESTINATION_SVC_ADDR", "POLICY_SVC_ADDR",
                             "POLICY_WORKLOAD", "IDENTITY_SERVER_ID", "IDENTITY_SERVER_NAME",
                             "IDENTITY_TOKEN_FILE", "IDENTITY_TRUST_ANCHORS"}) {
      CAPTURE(name);
      CHECK(any_contains(parsed.faults, std::string("MESH_PROXY_") + name));
    }
  }

  TEST_CASE("says a wrong value once, not also that it is missing") {
    const Parsed parsed = with({{"MESH_PROXY_IDENTITY_SVC_ADDR", "nowhere"},
                                {"MESH_PROXY_IDENTITY_TRUST_ANCHORS", "no PEM"}});

    CHECK(parsed.faults.size() == 2);
  }

  TEST_CASE("ignores variables that are no settings, and refuses what is not UTF-8") {
    CHECK(with({{"LINKERD2_PROXY_TRACE_PROTOCOL", "\xff"}}).faults.empty());
    CHECK(any_contains(with({{"MESH_PROXY_DESTINATION_CONTEXT", "a\xff"}}).faults,
                       "MESH_PROXY_DESTINATION_CONTEXT is not UTF-8"));
  }

  TEST_CASE("takes what an injector of another mesh sets") {
    const Parsed parsed = with({
        {"LINKERD2_PROXY_LOG", "warn,linkerd=info,hickory=error,[{headers}]=off,[{request}]=off"},
        {"LINKERD2_PROXY_INBOUND_LISTEN_ADDR", "[::]:4143"},
        {"LINKERD2_PROXY_OUTBOUND_LISTEN_ADDRS", "127.0.0.1:4140,[::1]:4140"},
        {"LINKERD2_PROXY_INBOUND_ACCEPT_KEEPALIVE", "10000ms"},
        {"LINKERD2_PROXY_OUTBOUND_CONNECT_USER_TIMEOUT", "30s"},
        {"LINKERD2_PROXY_CONTROL_STREAM_INITIAL_TIMEOUT", "3s"},
        {"LINKERD2_PROXY_CONTROL_STREAM_IDLE_TIMEOUT", "5m"},
        {"LINKERD2_PROXY_CONTROL_STREAM_LIFETIME", "1h"},
        {"LINKERD2_PROXY_INBOUND_PORTS_DISABLE_PROTOCOL_DETECTION", "25,587,3306,4444"},
        {"LINKERD2_PROXY_DESTINATION_PROFILE_NETWORKS", "10.0.0.0/8,100.64.0.0/10,fd00::/8"},
        {"LINKERD2_PROXY_INBOUND_DEFAULT_POLICY", "all-unauthenticated"},
        {"LINKERD2_PROXY_INBOUND_IPS", "10.1.2.3,fd00::3"},
        {"LINKERD2_PROXY_POLICY_WORKLOAD", "{\"ns\":\"shop\", \"pod\":\"web\"}\n"},
        {"LINKERD2_PROXY_CORES", "1"},
    });

    CHECK(parsed.faults.empty());
    CHECK(parsed.warnings.empty());
    const Settings& s = parsed.settings;
    CHECK(s.outbound.listen.size() == 2);
    CHECK(s.inbound.listen_options.accepted.keepalive == Milliseconds(10'000));
    CHECK(s.outbound.connect.socket.user_timeout == Milliseconds(30'000));
    CHECK(s.control.streams.lifetime == Milliseconds(3'600'000));
    CHECK(s.port_policy.opaque_ports.size() == 4);
    CHECK(s.inbound.own_addresses.size() == 2);
    CHECK(s.profiles.networks.size() == 3);
  }

  TEST_CASE("wants the identity of every service that is not on loopback") {
    const Parsed parsed = with({{"MESH_PROXY_DESTINATION_SVC_NAME", ""}});

    REQUIRE(parsed.faults.size() == 1);
    CHECK(parsed.faults[0].starts_with("MESH_PROXY_DESTINATION_SVC_NAME is required"));
    const ControlSettings control = with({{"MESH_PROXY_POLICY_SVC_NAME", "p.q"}}).settings.control;
    CHECK(control.policy.is_plaintext());
    CHECK(control.identity.is_plaintext());
    CHECK(control.destination.name == "dst.identity");
    CHECK(control.destination.text() == "dst.mesh:8086");
  }

  TEST_CASE("gives both names of the identity by its older one") {
    const identity::IdentitySettings identity = with({}).settings.identity;

    CHECK(identity.server_id == "web.shop.identity");
    CHECK(identity.server_name == "web.shop.identity");
    CHECK(any_contains(with({{"MESH_PROXY_IDENTITY_SERVER_ID", "other.name"}}).faults, "differ"));
    CHECK(any_contains(with({{"MESH_PROXY_IDENTITY_DISABLED", "1"}}).faults, "IDENTITY_DISABLED"));
  }

  TEST_CASE("wants the ends of the back-off together and in order") {
    const std::string min = "MESH_PROXY_OUTBOUND_CONNECT_EXP_BACKOFF_MIN";
    const std::string max = "MESH_PROXY_OUTBOUND_CONNECT_EXP_BACKOFF_MAX";

    CHECK(with({{min, "1s"}}).faults.size() == 1);
    CHECK(with({{min, "2s"}, {max, "1s"}}).faults.size() == 1);
    CHECK(with({{min, "0"}, {max, "0"}}).faults.size() == 1);
    const Parsed parsed = with({{min, "1s"}, {max, "2s"}});
    CHECK(parsed.settings.outbound.backoff.min == Milliseconds(1000));
    CHECK(parsed.settings.outbound.backoff.jitter == 0);
  }

  TEST_CASE("refuses stream limits and name lifetimes that are out of order") {
    CHECK(with({{"MESH_PROXY_CONTROL_STREAM_INITIAL_TIMEOUT", "5s"},
                {"MESH_PROXY_CONTROL_STREAM_IDLE_TIMEOUT", "3s"}})
              .faults.size() == 1);
    CHECK(
        with({{"MESH_PROXY_DNS_MIN_TTL", "5s"}, {"MESH_PROXY_DNS_MAX_TTL", "3s"}}).faults.size() ==
        1);
    CHECK(with({{"MESH_PROXY_CONTROL_STREAM_IDLE_TIMEOUT", ""}}).faults.empty());
  }

  TEST_CASE("refuses policies for the cluster while its networks are not told") {
    for (const char* name : {"cluster-authenticated", "cluster-unauthenticated"}) {
      CHECK(with({{"MESH_PROXY_INBOUND_DEFAULT_POLICY", name}}).faults.size() == 1);
      CHECK(with({{"MESH_PROXY_INBOUND_DEFAULT_POLICY", name},
                  {"MESH_PROXY_POLICY_CLUSTER_NETWORKS", "10.0.0.0/8"}})
                .faults.empty());
    }
    CHECK(with({{"MESH_PROXY_INBOUND_DEFAULT_POLICY", "open"}}).faults.size() == 1);
  }

  TEST_CASE("has one worker unless told otherwise, and never more than cores") {
    const Machine four{.cores = 4, .memory_bytes = {}};
    const auto workers = [&](std::vector<std::pair<std::string, std::string>> more) {
      return with(std::move(more), four).settings.workers;
    };

    CHECK(workers({}) == 1);
    CHECK(workers({{"MESH_PROXY_CORES", "2"}}) == 2);
    CHECK(workers({{"MESH_PROXY_CORES_MIN", "3"}, {"MESH_PROXY_CORES", "2"}}) == 3);
    CHECK(workers({{"MESH_PROXY_CORES_MAX", "2"}}) == 2);
    CHECK(workers({{"MESH_PROXY_CORES_MAX", "9"}}) == 4);
    CHECK(workers({{"MESH_PROXY_CORES_MAX", "0"}}) == 1);
    CHECK(workers({{"MESH_PROXY_CORES_MAX_RATIO", "0.5"}}) == 2);
    CHECK(workers({{"MESH_PROXY_CORES_MAX", "2"}, {"MESH_PROXY_CORES_MIN", "3"}}) == 3);
  }

  TEST_CASE("takes its limits from the memory that it may use") {
    const Machine small{.cores = 1, .memory_bytes = 64 << 20};
    const Machine tiny{.cores = 1, .memory_bytes = 1 << 20};

    CHECK(with({}).settings.inbound.max_connections == 100'000);
    CHECK(with({}, small).settings.inbound.max_connections == 2048);
    CHECK(with({}, tiny).settings.outbound.max_connections == 256);
    CHECK(with({}, small).settings.outbound.h2_client.max_connection_window == 2 << 20);
    CHECK(with({}, small).settings.metrics.max_series == 1024);
    CHECK(with({{"MESH_PROXY_INBOUND_MAX_CONNECTIONS", "7"}}, small)
              .settings.inbound.max_connections == 7);
  }

  TEST_CASE("fixes windows when both are set, unless they are to adapt") {
    const std::string server = "MESH_PROXY_INBOUND_SERVER_HTTP2_";
    const std::pair<std::string, std::string> stream{server + "INITIAL_STREAM_WINDOW_SIZE",
                                                     "65535"};
    const std::pair<std::string, std::string> connection{server + "INITIAL_CONNECTION_WINDOW_SIZE",
                                                         "1048576"};

    CHECK(with({stream}).settings.inbound.h2_server.max_stream_window == 4 << 20);
    CHECK(with({stream, connection}).settings.inbound.h2_server.max_stream_window == 65535);
    CHECK(with({stream, connection, {server + "ADAPTIVE_FLOW_CONTROL", "true"}})
              .settings.inbound.h2_server.max_stream_window == 4 << 20);
    CHECK(with({stream, connection}).settings.outbound.h2_server.stream_window == 256 << 10);
  }

  TEST_CASE("lists every setting once, in the help and in the document alike") {
    std::vector<std::string> names;
    for (const auto& group : settings::setting_groups()) {
      for (const auto& setting : group.settings) names.push_back(setting.full_name());
    }

    for (const std::string& name : names) {
      CAPTURE(name);
      CHECK(help_text().find("  MESH_PROXY_" + name + "  (") != std::string::npos);
      CHECK(settings_markdown().find("| `MESH_PROXY_" + name + "` |") != std::string::npos);
      CHECK(std::count(names.begin(), names.end(), name) == 1);
    }
  }
}
