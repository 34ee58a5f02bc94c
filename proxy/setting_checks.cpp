// What settings must say together, and what follows from several of them.

#include <algorithm>
#include <cmath>

#include "proxy/setting_table.h"

namespace mesh::settings {
namespace {

// What a connection costs while it is used, its buffers in the kernel included; half of the memory
// is for each direction's connections.
constexpr std::uint64_t kConnectionBytes = 16 * 1024;
constexpr std::uint64_t kMostConnections = 100'000;
constexpr std::uint64_t kLeastConnections = 256;

void check_windows(Draft::Windows& windows, http::H2Settings& settings, std::uint64_t memory) {
  // What one connection may hold of what its peer sent, at most.
  settings.max_connection_window = static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(memory / 32, 1 << 20, settings.max_connection_window));
  settings.max_stream_window = static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(memory / 128, 256 << 10, settings.max_stream_window));
  const bool adaptive = windows.adaptive.value_or(!(windows.stream && windows.connection));
  settings.stream_window = windows.stream.value_or(settings.stream_window);
  settings.connection_window = windows.connection.value_or(settings.connection_window);
  if (adaptive) {
    settings.max_stream_window = std::max(settings.max_stream_window, settings.stream_window);
    settings.max_connection_window =
        std::max(settings.max_connection_window, settings.connection_window);
  } else {
    settings.max_stream_window = settings.stream_window;
    settings.max_connection_window = settings.connection_window;
  }
}

void check_limits(Draft& draft) {
  Settings& settings = draft.settings;
  const std::uint64_t memory = settings.machine.memory_bytes.value_or(std::uint64_t{1} << 40);
  check_windows(draft.inbound_windows, settings.inbound.h2_server, memory);
  check_windows(draft.outbound_windows, settings.outbound.h2_server, memory);
  check_windows(draft.client_windows, settings.inbound.h2_client, memory);
  check_windows(draft.client_windows, settings.outbound.h2_client, memory);
  const std::uint64_t connections =
      std::clamp(memory / 2 / kConnectionBytes, kLeastConnections, kMostConnections);
  // Every worker gets its part, and a little more, since the kernel does not share them out evenly.
  const auto per_worker = [&](std::optional<std::uint32_t> set) {
    const std::uint64_t all = set ? *set : connections;
    return static_cast<std::size_t>((all + settings.workers - 1) / settings.workers);
  };
  settings.inbound.max_connections = per_worker(draft.inbound_connections);
  settings.outbound.max_connections = per_worker(draft.outbound_connections);
}

void check_backoff(Draft& draft, Parsed& parsed) {
  if (draft.backoff_min.has_value() != draft.backoff_max.has_value()) {
    parsed.faults.emplace_back(
        "OUTBOUND_CONNECT_EXP_BACKOFF_MIN and OUTBOUND_CONNECT_EXP_BACKOFF_MAX are to be set "
        "together");
    return;
  }
  balance::BackoffRange& range = draft.settings.outbound.backoff;
  if (draft.backoff_min) {
    if (*draft.backoff_max < *draft.backoff_min || draft.backoff_max->count() == 0) {
      parsed.faults.emplace_back(
          "OUTBOUND_CONNECT_EXP_BACKOFF_MAX is zero or less than OUTBOUND_CONNECT_EXP_BACKOFF_MIN");
      return;
    }
    range = {.min = *draft.backoff_min, .max = *draft.backoff_max, .jitter = 0};
  }
  range.jitter = draft.backoff_jitter.value_or(range.jitter);
}

bool is_loopback(const std::string& host) {
  if (const auto ip = net::IpAddress::parse(host)) return ip->is_loopback();
  return host == "localhost" || host == "localhost.";
}

void check_service(std::string_view which, Draft::Service& service, ControlAddress& address,
                   Parsed& parsed) {
  const std::string prefix(which);
  if (!service.address) {
    parsed.faults.push_back(prefix + "_SVC_ADDR is required: host and port of that service");
    return;
  }
  address.host = service.address->host;
  address.port = service.address->port;
  if (is_loopback(address.host)) return;
  if (service.name.empty()) {
    parsed.faults.push_back(prefix + "_SVC_NAME is required: the identity of that service");
  }
  address.name = service.name;
}

void check_identity(Draft& draft, Parsed& parsed) {
  identity::IdentitySettings& identity = draft.settings.identity;
  if (identity.server_id.empty()) identity.server_id = draft.local_name;
  if (identity.server_name.empty()) identity.server_name = draft.local_name;
  if (identity.server_id.empty()) parsed.faults.emplace_back("IDENTITY_SERVER_ID is required");
  if (identity.server_name.empty()) parsed.faults.emplace_back("IDENTITY_SERVER_NAME is required");
  if (!identity.server_id.empty() && !identity.server_name.empty() &&
      identity.server_id != identity.server_name) {
    parsed.faults.emplace_back("IDENTITY_SERVER_ID and IDENTITY_SERVER_NAME differ");
  }
  if (identity.token_file.empty()) parsed.faults.emplace_back("IDENTITY_TOKEN_FILE is required");
  TrustAnchors& anchors = draft.settings.trust_anchors;
  if (anchors.pem.empty() && anchors.file.empty()) {
    parsed.faults.emplace_back("IDENTITY_TRUST_ANCHORS or IDENTITY_TRUST_ANCHORS_FILE is required");
  }
  if (identity.max_refresh < identity.min_refresh) {
    parsed.faults.emplace_back("IDENTITY_MAX_REFRESH is less than IDENTITY_MIN_REFRESH");
  }
}

void check_policy(Draft& draft, Parsed& parsed) {
  PortPolicySettings& ports = draft.settings.port_policy;
  if (!draft.default_policy) {
    parsed.warnings.emplace_back("INBOUND_DEFAULT_POLICY is not set; it is all-unauthenticated");
  }
  ports.default_policy = draft.default_policy.value_or(policy::DefaultPolicy::all_unauthenticated);
  if (policy::is_for_cluster(ports.default_policy) && ports.cluster_networks.empty()) {
    parsed.faults.push_back("INBOUND_DEFAULT_POLICY is " +
                            std::string(policy::name_of(ports.default_policy)) +
                            ", which needs POLICY_CLUSTER_NETWORKS");
  }
  if (draft.settings.control.policy_workload.empty()) {
    parsed.faults.emplace_back("POLICY_WORKLOAD is required");
  }
}

// Initial <= idle <= lifetime, as far as they are set.
void check_streams(const StreamLimits& limits, Parsed& parsed) {
  const Milliseconds none{0};
  const auto in_order = [&](Milliseconds a, Milliseconds b) {
    return a == none || b == none || a <= b;
  };
  if (!in_order(limits.initial, limits.idle) || !in_order(limits.idle, limits.lifetime) ||
      !in_order(limits.initial, limits.lifetime)) {
    parsed.faults.emplace_back(
        "CONTROL_STREAM_INITIAL_TIMEOUT, _IDLE_TIMEOUT and _LIFETIME do not increase");
  }
}

void check_ttls(const ControlSettings& control, Parsed& parsed) {
  if (control.dns_min_ttl && control.dns_max_ttl && *control.dns_max_ttl < *control.dns_min_ttl) {
    parsed.faults.emplace_back("DNS_MAX_TTL is less than DNS_MIN_TTL");
  }
}

void check_workers(Draft& draft) {
  const unsigned available = std::max(1U, draft.settings.machine.cores);
  const std::uint32_t least = draft.cores_min.value_or(draft.cores.value_or(1));
  std::uint32_t wanted = 1;
  if (draft.cores_max) {
    wanted = *draft.cores_max;
  } else if (draft.cores_ratio) {
    wanted = static_cast<std::uint32_t>(std::lround(*draft.cores_ratio * available));
  }
  draft.settings.workers = std::clamp(std::max({wanted, least, 1U}), 1U, available);
}

void fill_in(Settings& settings) {
  const Milliseconds detect = settings.port_policy.detect_timeout;
  settings.inbound.handshake_timeout = detect;
  settings.inbound.opening.timeout = detect;
  // Several workers accept on one port.
  settings.inbound.listen_options.reuse_port = true;
  settings.outbound.listen_options.reuse_port = true;
  const std::uint16_t admin = settings.admin.listen.port();
  auto& watched = settings.inbound.watched_ports;
  const auto at = std::lower_bound(watched.begin(), watched.end(), admin);
  if (at == watched.end() || *at != admin) watched.insert(at, admin);
}

}  // namespace

void check_together(Draft& draft, Parsed& parsed) {
  check_service("IDENTITY", draft.identity, draft.settings.control.identity, parsed);
  check_service("DESTINATION", draft.destination, draft.settings.control.destination, parsed);
  check_service("POLICY", draft.policy, draft.settings.control.policy, parsed);
  check_identity(draft, parsed);
  check_policy(draft, parsed);
  check_backoff(draft, parsed);
  check_streams(draft.settings.control.streams, parsed);
  check_ttls(draft.settings.control, parsed);
  check_workers(draft);
  check_limits(draft);
  fill_in(draft.settings);
}

}  // namespace mesh::settings
