#pragma once
// Settings: everything that mesh-proxy is told by its environment, checked, with defaults filled
// in.
//
// Each setting X is read from MESH_PROXY_X or else from LINKERD2_PROXY_X. Variables that no setting
// has are ignored. All faults are found in one pass; a value with a fault never takes effect. The
// table behind it (setting_table.h) also makes --help and docs/settings.md. Pure, but for the
// overload that asks the system.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "meshkit/base/clock.h"
#include "meshkit/base/env.h"
#include "meshkit/base/log.h"
#include "meshkit/net/address.h"
#include "proxy/identity/identity_client.h"
#include "proxy/inbound/inbound.h"
#include "proxy/machine.h"
#include "proxy/outbound/outbound.h"
#include "proxy/policy/default_policy.h"

namespace mesh {

// A service of the control plane.
struct ControlAddress {
  std::string host;  // a DNS name or an IP address
  std::uint16_t port = 0;
  std::string name;  // its identity; empty: loopback, spoken to in plaintext

  bool is_plaintext() const noexcept { return name.empty(); }
  std::string text() const;  // "host:port"
};

// Bounds on a watch's stream; zero: none. Not for plaintext services.
struct StreamLimits {
  Milliseconds initial{0};   // until the first message
  Milliseconds idle{0};      // between messages
  Milliseconds lifetime{0};  // until the stream is renewed
};

struct ControlSettings {
  ControlAddress identity;
  ControlAddress destination;
  ControlAddress policy;
  std::string destination_context;
  std::string policy_workload;
  StreamLimits streams;
  std::optional<Milliseconds> dns_min_ttl;
  std::optional<Milliseconds> dns_max_ttl;
  Milliseconds discovery_timeout{3000};  // a destination that nobody answered for fails then
};

struct ProfileScope {
  std::vector<std::string> suffixes;  // lower case, no last dot; "" is every name
  std::vector<net::IpNetwork> networks;
};

struct PortPolicySettings {
  policy::DefaultPolicy default_policy = policy::DefaultPolicy::all_unauthenticated;
  std::vector<net::IpNetwork> cluster_networks;
  std::vector<std::uint16_t> opaque_ports;  // of the default policy; sorted
  Milliseconds detect_timeout{10'000};
};

// One of the two is set.
struct TrustAnchors {
  std::string pem;
  std::string file;  // followed: a change takes effect without a restart
};

struct LogSettings {
  std::string filter;  // "off": nothing, and it cannot be changed
  log::Format format = log::Format::plain;
};

enum class AccessLog : std::uint8_t { off, apache, json };

struct AdminSettings {
  net::SocketAddress listen;
  bool shutdown_enabled = false;
};

struct MetricSettings {
  Milliseconds retain_idle{600'000};
  std::uint32_t max_series = 2000;  // of one family on one worker
};

struct Settings {
  inbound::InboundSettings inbound;     // max_connections: of one worker
  outbound::OutboundSettings outbound;  // likewise
  identity::IdentitySettings identity;
  TrustAnchors trust_anchors;
  ControlSettings control;
  ProfileScope profiles;
  PortPolicySettings port_policy;
  AdminSettings admin;
  MetricSettings metrics;
  LogSettings log;
  AccessLog access_log = AccessLog::off;
  Milliseconds shutdown_grace{120'000};
  unsigned workers = 1;
  Machine machine;
};

struct Parsed {
  Settings settings;
  // Lines for people. With any fault the settings are not to be used: exit code 64.
  std::vector<std::string> faults;
  std::vector<std::string> warnings;
};

Parsed settings_from(const Environment& environment, const Machine& machine);
Parsed settings_from(const Environment& environment);

// What --help prints.
std::string help_text();
// docs/settings.md.
std::string settings_markdown();

}  // namespace mesh
