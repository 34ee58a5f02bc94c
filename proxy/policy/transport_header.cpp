#include "proxy/policy/transport_header.h"

#include <algorithm>
#include <array>
#include <limits>

#include "meshkit/api/transport_header.pb.h"
#include "proxy/policy/names.h"

namespace mesh::policy {
namespace {

constexpr std::string_view kPreface = "transport.l5d.io/v1\r\n\r\n";
constexpr std::size_t kFraming = kPreface.size() + 4;
static_assert(kPreface.size() == 23);

SessionProtocol protocol_of(const transport::l5d::io::Header& message) noexcept {
  const auto& protocol = message.session_protocol();
  if (protocol.has_http1()) return SessionProtocol::http1;
  if (protocol.has_http2()) return SessionProtocol::http2;
  return SessionProtocol::opaque;
}

Result<TransportHeader> header_from(Bytes encoded) {
  transport::l5d::io::Header message;
  if (!message.ParseFromArray(encoded.data(), static_cast<int>(encoded.size())))
    return fail(Errc::protocol, "transport header: not a header message");
  if (message.port() < 1 || message.port() > std::numeric_limits<std::uint16_t>::max())
    return fail(Errc::protocol, "transport header: port out of range");
  if (!message.name().empty() && !is_dns_name(message.name()))
    return fail(Errc::protocol, "transport header: name is no DNS name");
  return TransportHeader{static_cast<std::uint16_t>(message.port()), lower_case(message.name()),
                         protocol_of(message)};
}

}  // namespace

std::string encode(const TransportHeader& header) {
  transport::l5d::io::Header message;
  message.set_port(header.port);
  message.set_name(header.name);
  if (header.protocol == SessionProtocol::http1)
    message.mutable_session_protocol()->mutable_http1();
  if (header.protocol == SessionProtocol::http2)
    message.mutable_session_protocol()->mutable_http2();
  const std::string body = message.SerializeAsString();

  std::array<std::uint8_t, 4> length;
  store_be32(length.data(), static_cast<std::uint32_t>(body.size()));
  std::string framed(kPreface);
  framed += as_text(length);
  return framed += body;
}

Result<DecodedTransportHeader> decode_transport_header(Bytes arrived) {
  const std::string_view text = as_text(arrived);
  const std::size_t compared = std::min(text.size(), kPreface.size());
  if (text.substr(0, compared) != kPreface.substr(0, compared))
    return fail(Errc::protocol, "transport header: preface missing");
  if (arrived.size() < kFraming) return DecodedTransportHeader{};

  const std::size_t length = load_be32(arrived.data() + kPreface.size());
  if (length > kMaxTransportHeader - kFraming)
    return fail(Errc::limit, "transport header: too long");
  if (arrived.size() < kFraming + length) return DecodedTransportHeader{};

  auto header = header_from(arrived.subspan(kFraming, length));
  if (!header) return fail(header.error());
  return DecodedTransportHeader{std::move(*header), kFraming + length};
}

}  // namespace mesh::policy
