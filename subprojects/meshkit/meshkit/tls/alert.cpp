#include "meshkit/tls/alert.h"

namespace mesh::tls {

const char* describe_peer_alert(std::uint8_t code) noexcept {
  switch (code) {
    case 0: return "peer's alert: closing";
    case 10: return "peer's alert: unexpected message";
    case 20: return "peer's alert: record does not authenticate";
    case 22: return "peer's alert: record too long";
    case 40: return "peer's alert: no common parameters";
    case 42: return "peer's alert: bad certificate";
    case 43: return "peer's alert: unsupported certificate";
    case 44: return "peer's alert: certificate revoked";
    case 45: return "peer's alert: certificate expired";
    case 46: return "peer's alert: certificate not accepted";
    case 47: return "peer's alert: illegal parameter";
    case 48: return "peer's alert: unknown certificate authority";
    case 49: return "peer's alert: access denied";
    case 50: return "peer's alert: malformed message";
    case 51: return "peer's alert: signature or key exchange failed";
    case 70: return "peer's alert: TLS version not supported";
    case 71: return "peer's alert: insufficient security";
    case 80: return "peer's alert: internal error";
    case 86: return "peer's alert: inappropriate fallback";
    case 90: return "peer's alert: canceled by its user";
    case 109: return "peer's alert: missing extension";
    case 110: return "peer's alert: unsupported extension";
    case 112: return "peer's alert: unknown server name";
    case 113: return "peer's alert: bad certificate status";
    case 115: return "peer's alert: unknown pre-shared key";
    case 116: return "peer's alert: client certificate required";
    case 120: return "peer's alert: no application protocol";
    default: return "peer's alert: of an unknown kind";
  }
}

}  // namespace mesh::tls
