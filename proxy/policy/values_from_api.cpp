#include "proxy/policy/values_from_api.h"

#include <google/protobuf/duration.pb.h>

#include <array>
#include <limits>

#include "proxy/policy/names.h"

namespace mesh::policy {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

std::array<std::uint8_t, 16> bytes_of(const pb::net::IPv6& message) noexcept {
  std::array<std::uint8_t, 16> bytes{};
  const std::array<std::uint64_t, 2> halves{message.first(), message.last()};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(halves[i / 8] >> (56 - 8 * (i % 8)));
  return bytes;
}

}  // namespace

Parsed<Nanoseconds> duration_from(const google::protobuf::Duration& message) {
  constexpr std::int64_t kMostSeconds =
      std::chrono::duration_cast<std::chrono::seconds>(kLongestDuration).count();
  if (message.seconds() > kMostSeconds) return kLongestDuration;
  if (message.seconds() < -kMostSeconds) return violation("negative duration");
  const Nanoseconds duration(message.seconds() * kNanosPerSecond + message.nanos());
  if (duration < Nanoseconds(0)) return violation("negative duration");
  return duration;
}

std::optional<net::IpAddress> ip_from(const pb::net::IPAddress& message) noexcept {
  switch (message.ip_case()) {
    case pb::net::IPAddress::kIpv4: return net::IpAddress::v4(message.ipv4());
    case pb::net::IPAddress::kIpv6: return net::IpAddress::from_bytes(bytes_of(message.ipv6()));
    case pb::net::IPAddress::IP_NOT_SET: break;
  }
  return std::nullopt;
}

std::optional<net::SocketAddress> socket_address_from(const pb::net::TcpAddress& message) noexcept {
  const auto ip = ip_from(message.ip());
  if (!ip) return std::nullopt;
  return net::SocketAddress(*ip, static_cast<std::uint16_t>(message.port()));
}

Parsed<net::IpNetwork> network_from(const pb::net::IPNetwork& message) {
  const auto ip = ip_from(message.ip());
  if (!ip) return violation("network without an address");
  unsigned prefix = message.prefix_len();
  // A v4-mapped network is the IPv4 network that it maps.
  if (message.ip().has_ipv6() && ip->is_v4() && prefix >= 96 && prefix <= 128) prefix -= 96;
  const auto network = net::IpNetwork::make(*ip, prefix);
  if (!network) return violation("network prefix longer than its address");
  return *network;
}

Parsed<Meta> strict_meta_from(const pb::meta::Metadata& message) {
  switch (message.kind_case()) {
    case pb::meta::Metadata::kDefault: return Meta::built_in(message.default_());
    case pb::meta::Metadata::kResource: break;
    case pb::meta::Metadata::KIND_NOT_SET: return violation("metadata missing");
  }
  const pb::meta::Resource& resource = message.resource();
  if (resource.group().empty()) return violation("metadata without group");
  if (resource.kind().empty()) return violation("metadata without kind");
  if (resource.name().empty()) return violation("metadata without name");
  if (resource.namespace_().empty()) return violation("metadata without namespace");
  const bool has_port = resource.port() <= std::numeric_limits<std::uint16_t>::max();
  return Meta{resource.group(),
              resource.kind(),
              resource.name(),
              resource.namespace_(),
              resource.section(),
              has_port ? static_cast<std::uint16_t>(resource.port()) : std::uint16_t{0}};
}

Meta lenient_meta_from(const pb::meta::Metadata& message) {
  if (message.has_default_()) return Meta::built_in(message.default_());
  const pb::meta::Resource& resource = message.resource();
  return Meta{resource.group(), resource.kind(), resource.name(), "", "", 0};
}

Parsed<std::string> method_from(const pb::http_types::HttpMethod& message) {
  using Method = pb::http_types::HttpMethod;
  static constexpr std::array<const char*, 9> kNames = {
      "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "HEAD", "TRACE"};
  switch (message.type_case()) {
    case Method::kRegistered:
      if (!pb::http_types::HttpMethod_Registered_IsValid(message.registered()))
        return violation("unknown registered method");
      return kNames[static_cast<std::size_t>(message.registered())];
    case Method::kUnregistered:
      if (!is_token(message.unregistered())) return violation("method is no token");
      return message.unregistered();
    case Method::TYPE_NOT_SET: break;
  }
  return violation("method missing");
}

Parsed<std::string> scheme_from(const pb::http_types::Scheme& message) {
  using Scheme = pb::http_types::Scheme;
  switch (message.type_case()) {
    case Scheme::kRegistered:
      if (message.registered() == Scheme::HTTP) return "http";
      if (message.registered() == Scheme::HTTPS) return "https";
      return violation("unknown registered scheme");
    case Scheme::kUnregistered:
      if (!is_uri(message.unregistered() + ":x")) return violation("scheme is none");
      return lower_case(message.unregistered());
    case Scheme::TYPE_NOT_SET: break;
  }
  return violation("scheme missing");
}

}  // namespace mesh::policy
