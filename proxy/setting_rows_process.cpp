// The settings of the control plane's services, the identity, and the process itself.

#include "proxy/setting_table.h"

namespace mesh::settings {
namespace {

Result<std::string> parse_text(std::string_view text) { return std::string(text); }

// A name, or empty.
Result<std::string> parse_service_name(std::string_view text) {
  if (text.empty()) return std::string();
  return parse_dns_name(text);
}

// An empty value is none.
const char* put_optional_duration(Milliseconds& place, std::string_view text) {
  if (trimmed(text).empty()) return nullptr;
  return put(place, parse_duration(text));
}

template <class Place, class Value>
const char* put_named(Place& place, std::string_view text,
                      std::initializer_list<std::pair<std::string_view, Value>> names,
                      const char* fault) {
  for (const auto& [name, value] : names) {
    if (text != name) continue;
    place = value;
    return nullptr;
  }
  return fault;
}

const Setting kControlRows[] = {
    {"", "DESTINATION_SVC_ADDR", "host:port", "(required)", "The destination service.",
     [](Draft& d, std::string_view t) {
       return put(d.destination.address, parse_host_and_port(t));
     }},
    {"", "DESTINATION_SVC_NAME", "DNS name", "(required, unless loopback)", "Its identity.",
     [](Draft& d, std::string_view t) { return put(d.destination.name, parse_service_name(t)); }},
    {"", "DESTINATION_CONTEXT", "text", "(empty)",
     "Sent to the destination service with every question: who asks.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.control.destination_context, parse_text(t));
     }},
    {"", "DESTINATION_PROFILE_SUFFIXES", "suffixes", "svc.cluster.local.",
     "Names for which a service profile is asked for.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.profiles.suffixes, parse_suffixes(t));
     }},
    {"", "DESTINATION_PROFILE_NETWORKS", "networks", "(none)",
     "Addresses for which a service profile is asked for.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.profiles.networks, parse_networks(t));
     }},
    {"", "POLICY_SVC_ADDR", "host:port", "(required)", "The policy service.",
     [](Draft& d, std::string_view t) { return put(d.policy.address, parse_host_and_port(t)); }},
    {"", "POLICY_SVC_NAME", "DNS name", "(required, unless loopback)", "Its identity.",
     [](Draft& d, std::string_view t) { return put(d.policy.name, parse_service_name(t)); }},
    {"", "POLICY_WORKLOAD", "text", "(required)",
     "Sent to the policy service with every question: whose policy.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.control.policy_workload, parse_text(t));
     }},
    {"", "CONTROL_STREAM_INITIAL_TIMEOUT", "duration", "(none)",
     "For the first message of a watch; may be empty.",
     [](Draft& d, std::string_view t) {
       return put_optional_duration(d.settings.control.streams.initial, t);
     }},
    {"", "CONTROL_STREAM_IDLE_TIMEOUT", "duration", "(none)",
     "Between messages of a watch; may be empty.",
     [](Draft& d, std::string_view t) {
       return put_optional_duration(d.settings.control.streams.idle, t);
     }},
    {"", "CONTROL_STREAM_LIFETIME", "duration", "(none)",
     "After which a watch is begun anew; may be empty.",
     [](Draft& d, std::string_view t) {
       return put_optional_duration(d.settings.control.streams.lifetime, t);
     }},
    {"", "DNS_MIN_TTL", "duration", "(none)",
     "Names of the control plane are kept at least so long.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.control.dns_min_ttl, parse_duration(t));
     }},
    {"", "DNS_MAX_TTL", "duration", "(none)",
     "Names of the control plane are kept at most so long.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.control.dns_max_ttl, parse_duration(t));
     }},
    {"", "DISCOVERY_TIMEOUT", "duration", "3s",
     "A new destination that the control plane says nothing about fails after this time.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.control.discovery_timeout, parse_duration(t));
     }},
};

const Setting kIdentityRows[] = {
    {"", "IDENTITY_SVC_ADDR", "host:port", "(required)",
     "The identity service, which signs certificates.",
     [](Draft& d, std::string_view t) { return put(d.identity.address, parse_host_and_port(t)); }},
    {"", "IDENTITY_SVC_NAME", "DNS name", "(required, unless loopback)", "Its identity.",
     [](Draft& d, std::string_view t) { return put(d.identity.name, parse_service_name(t)); }},
    {"", "IDENTITY_SERVER_ID", "DNS name", "(required, unless IDENTITY_LOCAL_NAME is set)",
     "The name in this workload's certificate.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.identity.server_id, parse_dns_name(t));
     }},
    {"", "IDENTITY_SERVER_NAME", "DNS name", "(required, unless IDENTITY_LOCAL_NAME is set)",
     "The TLS server name that this workload answers to; equal to IDENTITY_SERVER_ID.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.identity.server_name, parse_dns_name(t));
     }},
    {"", "IDENTITY_LOCAL_NAME", "DNS name", "(none)", "Both of these, where they are not set.",
     [](Draft& d, std::string_view t) { return put(d.local_name, parse_dns_name(t)); }},
    {"", "IDENTITY_TRUST_ANCHORS", "PEM", "(required, unless IDENTITY_TRUST_ANCHORS_FILE is set)",
     "The certificates that every peer's must lead to.",
     [](Draft& d, std::string_view t) -> const char* {
       if (!tls::TrustBundle::from_pem(t)) return "not a list of certificates in PEM";
       d.settings.trust_anchors.pem = t;
       return nullptr;
     }},
    {"", "IDENTITY_TRUST_ANCHORS_FILE", "path", "(none)",
     "A file with these certificates, followed when it changes; goes before "
     "IDENTITY_TRUST_ANCHORS.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.trust_anchors.file, parse_text(t));
     }},
    {"", "IDENTITY_TOKEN_FILE", "path", "(required)",
     "The token that proves to the identity service who this workload is.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.identity.token_file, parse_text(t));
     }},
    {"", "IDENTITY_DIR", "path", "(none)",
     "A folder whose csr.der and key.p8 are used, if both are there, instead of a key made in "
     "memory.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.identity.directory, parse_text(t));
     }},
    {"", "IDENTITY_MIN_REFRESH", "duration", "10s",
     "A certificate is renewed no earlier after the last.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.identity.min_refresh, parse_duration(t));
     }},
    {"", "IDENTITY_MAX_REFRESH", "duration", "24h",
     "A certificate is renewed no later after the last.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.identity.max_refresh, parse_duration(t));
     }},
    {"", "IDENTITY_DISABLED", "text", "(none)", "No longer possible: any value is a fault.",
     [](Draft&, std::string_view t) -> const char* {
       return t.empty() ? nullptr : "set, but a proxy without identity is not possible";
     }},
};

const Setting kProcessRows[] = {
    {"", "ADMIN_LISTEN_ADDR", "address", "127.0.0.1:4191",
     "Where metrics and readiness are served.",
     [](Draft& d, std::string_view t) { return put(d.settings.admin.listen, parse_socket(t)); }},
    {"", "SHUTDOWN_GRACE_PERIOD", "duration", "2m",
     "After being told to stop, connections that are not done by then are cut.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.shutdown_grace, parse_duration(t));
     }},
    {"", "SHUTDOWN_ENDPOINT_ENABLED", "bool", "false",
     "Let local clients stop the proxy by POST /shutdown on the admin address.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.admin.shutdown_enabled, parse_bool(t));
     }},
    {"", "CORES_MIN", "number", "(CORES, or 1)",
     "Worker threads: at least so many, as far as there are processors.",
     [](Draft& d, std::string_view t) { return put(d.cores_min, parse_number<std::uint32_t>(t)); }},
    {"", "CORES", "number", "(none)", "Older name of CORES_MIN.",
     [](Draft& d, std::string_view t) { return put(d.cores, parse_number<std::uint32_t>(t)); }},
    {"", "CORES_MAX", "number", "(1)",
     "Worker threads: so many, within CORES_MIN and the processors that the CPU limit grants.",
     [](Draft& d, std::string_view t) { return put(d.cores_max, parse_number<std::uint32_t>(t)); }},
    {"", "CORES_MAX_RATIO", "ratio", "(none)",
     "The same as a part of the processors, where CORES_MAX is not set.",
     [](Draft& d, std::string_view t) { return put(d.cores_ratio, parse_ratio(t, 1)); }},
    {"", "LOG", "directives", "warn,linkerd=info,hickory=error",
     "What is logged: a level, or part=level, between commas; off: nothing, for good.",
     [](Draft& d, std::string_view t) -> const char* {
       if (!log::check_filter(t)) return "not a list of levels, as warn,identity=debug";
       d.settings.log.filter = t;
       return nullptr;
     }},
    {"", "LOG_FORMAT", "plain or json", "plain", "How log lines are written.",
     [](Draft& d, std::string_view t) {
       return put_named<log::Format, log::Format>(
           d.settings.log.format, t, {{"plain", log::Format::plain}, {"json", log::Format::json}},
           "neither plain nor json");
     }},
    {"", "ACCESS_LOG", "off, apache or json", "off",
     "Log every request that comes in, on standard error.",
     [](Draft& d, std::string_view t) {
       return put_named<AccessLog, AccessLog>(d.settings.access_log, t,
                                              {{"", AccessLog::off},
                                               {"off", AccessLog::off},
                                               {"apache", AccessLog::apache},
                                               {"json", AccessLog::json}},
                                              "neither off, apache nor json");
     }},
    {"", "METRICS_RETAIN_IDLE", "duration", "10m",
     "A metric series that did not change for so long is forgotten.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.metrics.retain_idle, parse_duration(t));
     }},
    {"", "METRICS_MAX_SERIES", "number", "(from the memory limit)",
     "Series of one metric on one worker; what is beyond is counted as one.",
     [](Draft& d, std::string_view t) {
       return put(d.settings.metrics.max_series, parse_number<std::uint32_t>(t, 1));
     }},
    {"", "DETECT_NO_STALL", "duration", "100ms",
     "A client that has said nothing for so long gets its far side opened: whichever end speaks "
     "first decides the protocol.",
     [](Draft& d, std::string_view t) -> const char* {
       const auto quiet = parse_duration(t);
       if (!quiet) return quiet.error().what;
       d.settings.inbound.opening.quiet = *quiet;
       d.settings.outbound.opening.quiet = *quiet;
       return nullptr;
     }},
    {"", "SERVER_FIRST_PORTS", "ports", "25,587,3306,4444,5432,6379,9300,11211",
     "Ports whose servers speak first: their connections are opened at once.",
     [](Draft& d, std::string_view t) -> const char* {
       const auto ports = parse_ports(t);
       if (!ports) return ports.error().what;
       d.settings.inbound.server_first_ports = *ports;
       d.settings.outbound.server_first_ports = *ports;
       return nullptr;
     }},
};

const SettingGroup kGroups[] = {
    {"Outbound", outbound_settings()},     {"Outbound connections", side_settings<false>()},
    {"Inbound", inbound_settings()},       {"Inbound connections", side_settings<true>()},
    {"Control plane", control_settings()}, {"Identity", identity_settings()},
    {"Process", process_settings()},
};

}  // namespace

std::span<const Setting> control_settings() { return kControlRows; }
std::span<const Setting> identity_settings() { return kIdentityRows; }
std::span<const Setting> process_settings() { return kProcessRows; }
std::span<const SettingGroup> setting_groups() { return kGroups; }

}  // namespace mesh::settings
