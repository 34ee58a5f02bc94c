#pragma once
// PeerCheck: what a handshake expects of its peer and has learned about it. Handshake attaches one
// to its SSL; the Context fills it in when the peer's certificates come. For the sources of tls/.

#include <optional>
#include <string>

#include "meshkit/base/result.h"

namespace mesh::tls {

struct PeerCheck {
  std::string expected;  // the identity that a server must name; empty for clients
  std::string identity;  // of the peer, once it is verified; empty if it showed no certificate
  std::optional<Error> refusal;
};

}  // namespace mesh::tls
