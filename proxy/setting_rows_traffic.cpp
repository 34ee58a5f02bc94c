// The settings of the two directions of traffic.

#include <algorithm>

#include "proxy/setting_table.h"

namespace mesh::settings {
namespace {

template <bool kInbound>
auto& side(Draft& draft) {
  if constexpr (kInbound) {
    return draft.settings.inbound;
  } else {
    return draft.settings.outbound;
  }
}

template <bool kInbound>
Draft::Windows& windows(Draft& draft) {
  return kInbound ? draft.inbound_windows : draft.outbound_windows;
}

constexpr std::uint32_t kMaxWindow = 0x7fffffff;  // RFC 9113 section 6.5.2

Result<std::uint32_t> parse_window(std::string_view text) {
  return parse_number<std::uint32_t>(text, 1, kMaxWindow);
}

Result<int> parse_backlog(std::string_view text) {
  const auto number = parse_number<std::uint32_t>(text, 1);
  if (!number) return fail(number.error());
  return static_cast<int>(std::min<std::uint32_t>(*number, 0x7fffffff));
}

template <bool kInbound>
constexpr std::string_view kSide = kInbound ? "INBOUND_" : "OUTBOUND_";

template <bool kIn>
const Setting kSideRows[] = {
    {kSide<kIn>, "TCP_LISTEN_BACKLOG", "number", "4096",
     "Connections that may wait for us to accept them.",
     [](Draft& d, std::string_view t) {
       return put(side<kIn>(d).listen_options.backlog, parse_backlog(t));
     }},
    {kSide<kIn>, "ACCEPT_KEEPALIVE", "duration", "(off)",
     "TCP keep-alive time of accepted connections.",
     [](Draft& d, std::string_view t) {
       return put(side<kIn>(d).listen_options.accepted.keepalive, parse_duration(t));
     }},
    {kSide<kIn>, "ACCEPT_USER_TIMEOUT", "duration", "(off)",
     "TCP_USER_TIMEOUT of accepted connections.",
     [](Draft& d, std::string_view t) {
       return put(side<kIn>(d).listen_options.accepted.user_timeout, parse_duration(t));
     }},
    {kSide<kIn>, "CONNECT_KEEPALIVE", "duration", "(off)",
     "TCP keep-alive time of connections that we open.",
     [](Draft& d, std::string_view t) {
       return put(side<kIn>(d).connect.socket.keepalive, parse_duration(t));
     }},
    {kSide<kIn>, "CONNECT_USER_TIMEOUT", "duration", "(off)",
     "TCP_USER_TIMEOUT of connections that we open.",
     [](Draft& d, std::string_view t) {
       return put(side<kIn>(d).connect.socket.user_timeout, parse_duration(t));
     }},
    {kSide<kIn>, "HTTP1_CONNECTION_POOL_IDLE_TIMEOUT", "duration", "3s",
     "How long an HTTP/1 connection is kept for the next request.",
     [](Draft& d, std::string_view t) {
       return put(side<kIn>(d).h1_pool.idle_timeout, parse_duration(t));
     }},
    {kSide<kIn>, "SERVER_HTTP2_ADAPTIVE_FLOW_CONTROL", "bool",
     "(true, unless both windows are set)",
     "Let windows of clients' HTTP/2 connections grow where they hold bytes up.",
     [](Draft& d, std::string_view t) { return put(windows<kIn>(d).adaptive, parse_bool(t)); }},
    {kSide<kIn>, "SERVER_HTTP2_INITIAL_STREAM_WINDOW_SIZE", "bytes", "(262144)",
     "Window of one stream of clients' HTTP/2 connections.",
     [](Draft& d, std::string_view t) { return put(windows<kIn>(d).stream, parse_window(t)); }},
    {kSide<kIn>, "SERVER_HTTP2_INITIAL_CONNECTION_WINDOW_SIZE", "bytes", "(1048576)",
     "Window of all streams of such a connection together.",
     [](Draft& d, std::string_view t) { return put(windows<kIn>(d).connection, parse_window(t)); }},
    {kSide<kIn>, "SERVER_HTTP2_MAX_CONCURRENT_STREAMS", "number", "4096",
     "Requests that a client may have open on one HTTP/2 connection.",
     [](Draft& d, std::string_view t) {
       return put(side<kIn>(d).h2_server.max_streams, parse_number<std::uint32_t>(t, 1));
     }},
    {kSide<kIn>, "SERVER_HTTP2_MAX_FRAME_SIZE", "bytes", "16384",
     "The largest HTTP/2 frame that a client may send.",
     [](Draft& d, std::string_view t) {
       return put(side<kIn>(d).h2_server.max_frame,
                  parse_number<std::uint32_t>(t, 16'384, 16'777'215));
     }},
    {kSide<kIn>, "SERVER_HTTP2_MAX_HEADER_LIST_SIZE", "bytes", "65536",
     "The largest head of an HTTP/2 request; beyond it: 431.",
     [](Draft& d, std::string_view t) {
       return put(side<kIn>(d).h2_server.max_head, parse_number<std::uint32_t>(t, 1024, 1U << 20));
     }},
};

const Setting kInboundRows[] = {
    {"INBOUND_", "LISTEN_ADDR", "address", "0.0.0.0:4143",
     "Where redirected connections from outside are accepted; its port also takes connections with "
     "a transport header.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.inbound.listen, parse_sockets(t, 1));
     }},
    {"INBOUND_", "CONNECT_TIMEOUT", "duration", "300ms",
     "For the application to take a connection.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.inbound.connect.deadline, parse_duration(t));
     }},
    {"INBOUND_", "DETECT_TIMEOUT", "duration", "10s",
     "For the TLS handshake, and for a first line that looks like HTTP where the policy says "
     "nothing else.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.port_policy.detect_timeout, parse_duration(t));
     }},
    {"INBOUND_", "HTTP_QUEUE_CAPACITY", "number", "10000",
     "HTTP/1 requests that wait for a connection to one address of the application.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.inbound.h1_pool.max_waiting, parse_number<std::size_t>(t));
     }},
    {"", "MAX_IDLE_CONNS_PER_ENDPOINT", "number", "10000",
     "Idle HTTP/1 connections kept to one address of the application. (The name has no direction.)",
     [](Draft& d, std::string_view t) {
       return put(d.settings.inbound.h1_pool.max_idle, parse_number<std::size_t>(t));
     }},
    {"INBOUND_", "DISCOVERY_IDLE_TIMEOUT", "duration", "90s",
     "After which an unused port's policy is no longer followed.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.inbound.port_idle, parse_duration(t));
     }},
    {"INBOUND_", "PORTS", "ports", "(none)",
     "Ports whose policy is followed from the start and for ever.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.inbound.watched_ports, parse_ports(t));
     }},
    {"INBOUND_", "PORTS_DISABLE_PROTOCOL_DETECTION", "ports", "(none)",
     "Ports whose bytes are not looked at while the policy controller has said nothing of them.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.port_policy.opaque_ports, parse_ports(t));
     }},
    {"INBOUND_", "DEFAULT_POLICY", "policy", "(all-unauthenticated)",
     "Who may come in while the policy controller has said nothing: deny, all-authenticated, "
     "all-unauthenticated, cluster-authenticated, cluster-unauthenticated or audit.",
     [](Draft& d, std::string_view t) -> const char* {
       d.default_policy = policy::default_policy_named(t);
       return d.default_policy ? nullptr : "not the name of a policy";
     }},
    {"", "POLICY_CLUSTER_NETWORKS", "networks", "(none)",
     "The networks of the cluster, for the policies that name it.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.port_policy.cluster_networks, parse_networks(t));
     }},
    {"INBOUND_", "IPS", "addresses", "(any)",
     "The workload's own addresses; connections to others are refused.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.inbound.own_addresses, parse_addresses(t));
     }},
    {"INBOUND_", "MAX_CONNECTIONS", "number", "(from the memory limit)",
     "Connections from outside at once; more wait to be accepted.",
     [](Draft& d, std::string_view t) {
       return put(d.inbound_connections, parse_number<std::uint32_t>(t, 1));
     }},
};

const Setting kOutboundRows[] = {
    {"OUTBOUND_", "LISTEN_ADDR", "address", "127.0.0.1:4140",
     "Where redirected connections of the workload are accepted.",
     [](Draft& d, std::string_view t) -> const char* {
       auto addresses = parse_sockets(t, 1);
       if (!addresses) return addresses.error().what;
       // LISTEN_ADDRS comes later in the table and goes before.
       d.settings.outbound.listen = std::move(*addresses);
       return nullptr;
     }},
    {"OUTBOUND_", "LISTEN_ADDRS", "addresses with ports", "(none)",
     "One or two addresses, for IPv4 and IPv6; instead of OUTBOUND_LISTEN_ADDR.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.outbound.listen, parse_sockets(t, 2));
     }},
    {"OUTBOUND_", "CONNECT_TIMEOUT", "duration", "1s",
     "For an endpoint to take a connection, TLS handshake included.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.outbound.connect.deadline, parse_duration(t));
     }},
    {"OUTBOUND_", "CONNECT_EXP_BACKOFF_MIN", "duration", "(100ms)",
     "First pause before an endpoint that failed is tried again; set together with _MAX.",
     [](Draft& d, std::string_view t) { return put(d.backoff_min, parse_duration(t)); }},
    {"OUTBOUND_", "CONNECT_EXP_BACKOFF_MAX", "duration", "(60s)", "Longest such pause.",
     [](Draft& d, std::string_view t) { return put(d.backoff_max, parse_duration(t)); }},
    {"OUTBOUND_", "CONNECT_EXP_BACKOFF_JITTER", "ratio", "(0.1; 0 when _MIN and _MAX are set)",
     "Part of the pause that is added at random, at most.",
     [](Draft& d, std::string_view t) { return put(d.backoff_jitter, parse_ratio(t, 100)); }},
    {"OUTBOUND_", "DETECT_TIMEOUT", "duration", "10s",
     "For a first line that looks like HTTP to be complete.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.outbound.opening.timeout, parse_duration(t));
     }},
    {"OUTBOUND_", "TCP_QUEUE_CAPACITY", "number", "10000",
     "Connections that wait for an endpoint of one destination.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.outbound.tcp_balancer.queue_capacity, parse_number<std::uint32_t>(t));
     }},
    {"OUTBOUND_", "HTTP_QUEUE_CAPACITY", "number", "10000",
     "Requests that wait for an endpoint of one destination.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.outbound.http_backend.balancer.queue_capacity,
                  parse_number<std::uint32_t>(t));
     }},
    {"OUTBOUND_", "TCP_FAILFAST_TIMEOUT", "duration", "3s",
     "After which connections no longer wait for a destination that has no ready endpoint.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.outbound.tcp_balancer.failfast_timeout, parse_duration(t));
     }},
    {"OUTBOUND_", "HTTP_FAILFAST_TIMEOUT", "duration", "3s", "The same for requests.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.outbound.http_backend.balancer.failfast_timeout, parse_duration(t));
     }},
    {"OUTBOUND_", "MAX_IDLE_CONNS_PER_ENDPOINT", "number", "10000",
     "Idle HTTP/1 connections kept to one endpoint.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.outbound.h1_pool.max_idle, parse_number<std::size_t>(t));
     }},
    {"OUTBOUND_", "DISCOVERY_IDLE_TIMEOUT", "duration", "5s",
     "After which an unused destination is forgotten.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.outbound.target_idle, parse_duration(t));
     }},
    {"OUTBOUND_", "DISABLE_INFORMATIONAL_HEADERS", "bool", "false",
     "Do not tell the application by l5d-* headers what went wrong in the mesh.",
     [](Draft& d, std::string_view t) -> const char* {
       const auto disabled = parse_bool(t);
       if (!disabled) return disabled.error().what;
       d.settings.outbound.router.tells_errors = !*disabled;
       return nullptr;
     }},
    {"", "HTTP2_INITIAL_STREAM_WINDOW_SIZE", "bytes", "(262144)",
     "Window of one stream of HTTP/2 connections that we open.",
     [](Draft& d, std::string_view t) { return put(d.client_windows.stream, parse_window(t)); }},
    {"", "HTTP2_INITIAL_CONNECTION_WINDOW_SIZE", "bytes", "(1048576)",
     "Window of all streams of such a connection together.",
     [](Draft& d, std::string_view t) {
       return put(d.client_windows.connection, parse_window(t));
     }},
    {"OUTBOUND_", "MAX_CONNECTIONS", "number", "(from the memory limit)",
     "Connections of the workload at once; more wait to be accepted.",
     [](Draft& d, std::string_view t) {
       return put(d.outbound_connections, parse_number<std::uint32_t>(t, 1));
     }},
};

}  // namespace

template <>
std::span<const Setting> side_settings<true>() {
  return kSideRows<true>;
}
template <>
std::span<const Setting> side_settings<false>() {
  return kSideRows<false>;
}
std::span<const Setting> inbound_settings() { return kInboundRows; }
std::span<const Setting> outbound_settings() { return kOutboundRows; }

}  // namespace mesh::settings
