#include "proxy/stats/labels.h"

#include <array>
#include <string>

namespace mesh::stats {
namespace {

std::string name_of(std::string_view prefix, std::string_view suffix) {
  return std::string(prefix).append(suffix);
}

std::string port_text(std::uint16_t port) { return port == 0 ? "" : std::to_string(port); }

}  // namespace

LabelText target_labels(const net::SocketAddress& target) {
  LabelText labels;
  labels.add("target_addr", target.text().view());
  labels.add("target_ip", target.ip().text().view());
  labels.add("target_port", std::uint64_t{target.port()});
  return labels;
}

LabelText client_tls_labels(const inbound::Peer& peer) {
  LabelText labels;
  if (peer.is_tls) return labels.add("tls", "true").add("client_id", peer.identity);
  labels.add("tls", "no_identity");
  return labels.add("no_tls_reason",
                    peer.address.is_loopback() ? "loopback" : "no_tls_from_remote");
}

LabelText server_tls_labels(const policy::Endpoint& endpoint) {
  LabelText labels;
  if (endpoint.server) {
    return labels.add("tls", "true").add("server_id", endpoint.server->identity);
  }
  if (endpoint.is_local) return loopback_tls_labels();
  labels.add("tls", "no_identity");
  return labels.add("no_tls_reason", "not_provided_by_service_discovery");
}

LabelText loopback_tls_labels() {
  return LabelText().add("tls", "no_identity").add("no_tls_reason", "loopback");
}

LabelText server_labels(const policy::Meta& server, std::uint16_t port) {
  LabelText labels = short_labels("srv", server);
  return labels.add("srv_port", std::uint64_t{port});
}

LabelText short_labels(std::string_view prefix, const policy::Meta& meta) {
  LabelText labels;
  labels.add(name_of(prefix, "_group"), meta.group);
  labels.add(name_of(prefix, "_kind"), meta.kind);
  return labels.add(name_of(prefix, "_name"), meta.name);
}

LabelText route_labels(std::string_view prefix, const policy::Meta& meta) {
  LabelText labels;
  labels.add(name_of(prefix, "_group"), meta.group);
  labels.add(name_of(prefix, "_kind"), meta.kind);
  labels.add(name_of(prefix, "_namespace"), meta.name_space);
  return labels.add(name_of(prefix, "_name"), meta.name);
}

LabelText parent_labels(std::string_view prefix, const policy::Meta& meta) {
  LabelText labels = route_labels(prefix, meta);
  labels.add(name_of(prefix, "_port"), port_text(meta.port));
  return labels.add(name_of(prefix, "_section_name"), meta.section);
}

LabelText endpoint_labels(const policy::Endpoint& endpoint, const policy::Backend& backend) {
  LabelText labels;
  if (const auto* balanced = std::get_if<policy::Balanced>(&backend.target)) {
    labels.add("authority", balanced->destination.text());
  }
  labels.add(target_labels(endpoint.address)).add(server_tls_labels(endpoint));
  for (const policy::Label& label : endpoint.labels.all()) {
    labels.add("dst_" + label.name, label.value);
  }
  return labels;
}

std::string_view grpc_name(std::uint8_t code) noexcept {
  constexpr std::array<std::string_view, 17> kNames = {"OK",
                                                       "CANCELLED",
                                                       "UNKNOWN",
                                                       "INVALID_ARGUMENT",
                                                       "DEADLINE_EXCEEDED",
                                                       "NOT_FOUND",
                                                       "ALREADY_EXISTS",
                                                       "PERMISSION_DENIED",
                                                       "RESOURCE_EXHAUSTED",
                                                       "FAILED_PRECONDITION",
                                                       "ABORTED",
                                                       "OUT_OF_RANGE",
                                                       "UNIMPLEMENTED",
                                                       "INTERNAL",
                                                       "UNAVAILABLE",
                                                       "DATA_LOSS",
                                                       "UNAUTHENTICATED"};
  return code < kNames.size() ? kNames[code] : "UNKNOWN";
}

}  // namespace mesh::stats
