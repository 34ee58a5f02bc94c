#pragma once
// Reads the ClientHello at the start of a connection without answering it, to learn where it wants
// to go: a pure function of the bytes so far.
//
//   record    | 0x16 | 3 x | length | fragment |  ...one or more records
//   fragments | 1 | length (24) | 3 3 | random (32) | session | suites | compression | extensions |
//
// RFC 8446 sections 4.1.2 and 5.1, RFC 6066 section 3 (server_name), RFC 7301 (ALPN).

#include <cstddef>
#include <cstdint>
#include <string>

#include "meshkit/base/bytes.h"

namespace mesh::tls {

// The most bytes that are looked at. A hello that needs more is taken for something else.
inline constexpr std::size_t kMaxClientHello = 8192;

struct ClientHello {
  enum class Verdict : std::uint8_t {
    not_tls,    // no TLS ClientHello, whatever may follow
    need_more,  // could become one; call again with more bytes, from the first one on
    hello,      // a whole ClientHello; the fields below are set
  };

  Verdict verdict = Verdict::need_more;
  std::string server_name;               // lower-case; empty when none is sent or it is no DNS name
  bool offers_transport_header = false;  // ALPN offers kTransportHeaderProtocol
};

ClientHello read_client_hello(Bytes bytes);

}  // namespace mesh::tls
