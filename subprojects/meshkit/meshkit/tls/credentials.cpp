#include "meshkit/tls/credentials.h"

namespace mesh::tls {

Status check(const Credentials& credentials, std::string_view identity, const TrustBundle& bundle,
             WallTime now) {
  if (!credentials.key.is_p256()) return fail(Errc::invalid, "credentials: the key is not P-256");
  if (!credentials.leaf.belongs_to(credentials.key))
    return fail(Errc::invalid, "credentials: the certificate is of another key");
  if (!credentials.leaf.names(identity))
    return fail(Errc::identity, "credentials: the certificate names somebody else");
  for (const Usage usage : {Usage::as_server, Usage::as_client}) {
    const auto verified = bundle.verify(credentials.leaf, credentials.intermediates, usage, now);
    if (!verified) return fail(verified.error());
  }
  return {};
}

}  // namespace mesh::tls
