#include "proxy/policy/endpoint_from_api.h"

#include <limits>
#include <map>

#include "proxy/policy/names.h"
#include "proxy/policy/values_from_api.h"

namespace mesh::policy {
namespace {

using LabelMap = google::protobuf::Map<std::string, std::string>;
// In order, since a message's map has none and the number of labels is bounded.
using SortedLabels = std::map<std::string_view, std::string_view>;

SortedLabels sorted(const LabelMap& labels) { return SortedLabels(labels.begin(), labels.end()); }

// The endpoint's own labels override those of its set.
Labels labels_from(const SortedLabels& set, const LabelMap& own) {
  Labels labels;
  for (const auto& [name, value] : set) labels.set(name, value);
  for (const auto& [name, value] : sorted(own)) labels.set(name, value);
  return labels;
}

ZoneLocality locality_from(const Labels& labels) noexcept {
  const std::string_view value = labels.value("zone_locality");
  if (equal_ignoring_case(value, "local")) return ZoneLocality::local;
  if (equal_ignoring_case(value, "remote")) return ZoneLocality::remote;
  return ZoneLocality::unknown;
}

// Names as certificates carry them: lower case, without the trailing dot.
std::optional<std::string> dns_from(std::string_view name) {
  if (!is_dns_name(name)) return std::nullopt;
  if (name.ends_with('.')) name.remove_suffix(1);
  return lower_case(name);
}

std::optional<ServerIdentity> server_from(const pb::destination::TlsIdentity& message) {
  using Tls = pb::destination::TlsIdentity;
  std::optional<std::string> identity;
  std::optional<std::string> server_name;
  if (message.strategy_case() == Tls::kDnsLikeIdentity) {
    identity = dns_from(message.dns_like_identity().name());
    server_name = identity;
  } else if (message.strategy_case() == Tls::kUriLikeIdentity) {
    if (is_uri(message.uri_like_identity().uri())) identity = message.uri_like_identity().uri();
  }
  if (message.has_server_name()) server_name = dns_from(message.server_name().name());
  if (!identity || !server_name) return std::nullopt;
  return ServerIdentity{std::move(*identity), std::move(*server_name)};
}

ProtocolHint hint_from(const pb::destination::ProtocolHint& message) noexcept {
  if (message.has_h2()) return ProtocolHint::h2;
  if (message.has_opaque()) return ProtocolHint::opaque;
  return ProtocolHint::none;
}

// 0 and 65535 are no ports to dial.
std::uint16_t transport_port_from(const pb::destination::ProtocolHint& message) noexcept {
  const std::uint32_t port = message.opaque_transport().inbound_port();
  if (port >= std::numeric_limits<std::uint16_t>::max()) return 0;
  return static_cast<std::uint16_t>(port);
}

std::optional<AuthorityOverride> authority_from(const pb::destination::AuthorityOverride& message) {
  const auto authority = parse_authority(message.authority_override());
  if (!authority) return std::nullopt;
  return AuthorityOverride{message.authority_override(), std::string(authority->host),
                           authority->port};
}

void set_flow_control(const pb::destination::Http2ClientParams::FlowControl& message,
                      Http2Settings& settings) noexcept {
  settings.adaptive_windows = message.adaptive_flow_control();
  const std::uint32_t connection = message.initial_connection_window_size();
  const std::uint32_t stream = message.initial_stream_window_size();
  if (settings.adaptive_windows || connection == 0 || stream == 0) return;
  settings.connection_window = connection;
  settings.stream_window = stream;
}

void set_keep_alive(const pb::destination::Http2ClientParams::KeepAlive& message,
                    Http2Settings& settings) {
  if (!message.has_interval() || !message.has_timeout()) return;
  const auto interval = duration_from(message.interval());
  const auto timeout = duration_from(message.timeout());
  if (!interval || !timeout || interval->count() == 0 || timeout->count() == 0) return;
  settings.keep_alive_interval = *interval;
  settings.keep_alive_timeout = *timeout;
  settings.keep_alive_while_idle = message.while_idle();
}

Http2Settings http2_from(const pb::destination::Http2ClientParams& message) {
  Http2Settings settings;
  set_flow_control(message.flow_control(), settings);
  set_keep_alive(message.keep_alive(), settings);
  settings.max_concurrent_resets = message.internals().max_concurrent_reset_streams();
  settings.max_frame_size = message.internals().max_frame_size();
  settings.max_send_buffer = message.internals().max_send_buf_size();
  return settings;
}

std::optional<Endpoint> endpoint_in_set(const pb::destination::WeightedAddr& message,
                                        const SortedLabels& set_labels) {
  const auto address = socket_address_from(message.addr());
  if (!address || address->port() == 0) return std::nullopt;
  Endpoint endpoint;
  endpoint.address = *address;
  endpoint.weight = message.weight();
  endpoint.server = server_from(message.tls_identity());
  endpoint.hint = hint_from(message.protocol_hint());
  endpoint.opaque_transport_port = transport_port_from(message.protocol_hint());
  if (message.has_authority_override())
    endpoint.authority = authority_from(message.authority_override());
  endpoint.http2 = http2_from(message.http2());
  endpoint.labels = labels_from(set_labels, message.metric_labels());
  endpoint.locality = locality_from(endpoint.labels);
  return endpoint;
}

}  // namespace

std::optional<Endpoint> endpoint_from(const pb::destination::WeightedAddr& message) {
  return endpoint_in_set(message, {});
}

EndpointChange endpoint_change_from(const pb::destination::Update& message) {
  using Update = pb::destination::Update;
  EndpointChange change;
  switch (message.update_case()) {
    case Update::kAdd: {
      const SortedLabels set_labels = sorted(message.add().metric_labels());
      for (const auto& address : message.add().addrs())
        if (auto endpoint = endpoint_in_set(address, set_labels))
          change.added.push_back(std::move(*endpoint));
      break;
    }
    case Update::kRemove:
      change.kind = EndpointChange::Kind::remove;
      for (const auto& address : message.remove().addrs())
        if (const auto removed = socket_address_from(address)) change.removed.push_back(*removed);
      break;
    case Update::kNoEndpoints:
      change.kind = EndpointChange::Kind::clear;
      change.exists = message.no_endpoints().exists();
      break;
    case Update::UPDATE_NOT_SET: break;
  }
  return change;
}

}  // namespace mesh::policy
