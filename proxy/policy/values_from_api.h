#pragma once
// The smallest parts of the control plane's messages as values: addresses, durations, names,
// labels.
//
// Like all *_from_api.h: pure functions; the one place that sees the messages. What a function
// makes of a violation is in its result type.

#include <optional>
#include <string>
#include <string_view>

#include "meshkit/api/http_types.pb.h"
#include "meshkit/api/meta.pb.h"
#include "meshkit/api/net.pb.h"
#include "meshkit/base/clock.h"
#include "meshkit/net/address.h"
#include "proxy/policy/labels.h"
#include "proxy/policy/meta.h"
#include "proxy/policy/parsed.h"

namespace google::protobuf {
class Duration;
}

namespace mesh::policy {

namespace pb = io::linkerd::proxy;

// Longer durations are cut to this, so that adding one to a point in time cannot overflow.
inline constexpr Nanoseconds kLongestDuration = std::chrono::hours(24 * 365 * 10);

// A negative duration is a violation.
Parsed<Nanoseconds> duration_from(const google::protobuf::Duration& message);

std::optional<net::IpAddress> ip_from(const pb::net::IPAddress& message) noexcept;
// The port's upper bits are ignored, and it may be 0. None without an address.
std::optional<net::SocketAddress> socket_address_from(const pb::net::TcpAddress& message) noexcept;
Parsed<net::IpNetwork> network_from(const pb::net::IPNetwork& message);

// Outbound: a resource needs its group, kind, name and namespace.
Parsed<Meta> strict_meta_from(const pb::meta::Metadata& message);
// Inbound: whatever is there of group, kind and name.
Meta lenient_meta_from(const pb::meta::Metadata& message);

// "GET". Unregistered methods must be tokens.
Parsed<std::string> method_from(const pb::http_types::HttpMethod& message);
// "http".
Parsed<std::string> scheme_from(const pb::http_types::Scheme& message);

}  // namespace mesh::policy
