#pragma once
// TransportHeader: what a proxy says first on a connection to another proxy's inbound port (ALPN
// "transport.l5d.io/v1"): for which port, or for which name, the bytes that follow are.
//
//   "transport.l5d.io/v1" CR LF CR LF | length, 32 bits big-endian | protobuf
//   transport.l5d.io.Header ◀────────── 23 bytes ──────────▶   ◀─────────── 4 ─────────▶
//   ◀─────────── length ──────────▶
//
// Pure functions: the reader of the connection keeps what has arrived and asks again when there is
// more. Nothing is sent back.

#include <cstddef>
#include <cstdint>
#include <string>

#include "meshkit/base/bytes.h"
#include "meshkit/base/result.h"

namespace mesh::policy {

enum class SessionProtocol : std::uint8_t { opaque, http1, http2 };

struct TransportHeader {
  std::uint16_t port = 0;  // never 0 in a valid header
  std::string name;        // empty: the workload itself; else a DNS name behind a gateway
  SessionProtocol protocol = SessionProtocol::opaque;

  friend bool operator==(const TransportHeader&, const TransportHeader&) = default;
};

// No header, with its framing, is longer than this.
inline constexpr std::size_t kMaxTransportHeader = 64 * 1024;

// The header with its framing, ready to be written. `header` must be valid.
std::string encode(const TransportHeader& header);

struct DecodedTransportHeader {
  TransportHeader header;
  std::size_t size = 0;  // how much of `arrived` it took, application bytes follow; 0: need more
};

// `arrived` is everything since the start of the connection. Fails as soon as it cannot
// become a valid header any more, so more is never needed past kMaxTransportHeader.
Result<DecodedTransportHeader> decode_transport_header(Bytes arrived);

}  // namespace mesh::policy
