#include "proxy/policy/authorization.h"

#include <algorithm>

#include "proxy/policy/names.h"

namespace mesh::policy {
namespace {

// What is missing, in the order in which it is asked for: a later denial came closer.
Denial missing(const Authorization& authorization, const Client& client) noexcept {
  const bool is_near =
      std::any_of(authorization.networks.begin(), authorization.networks.end(),
                  [&](const AllowedNetwork& net) { return net.contains(client.address); });
  if (!is_near) return Denial::network;
  if (authorization.authentication == Authentication::none) return Denial::none;
  if (!client.is_tls) return Denial::no_tls;
  if (authorization.authentication == Authentication::mesh_tls) return Denial::none;
  if (client.identity.empty()) return Denial::no_identity;
  return authorization.identities.contains(client.identity) ? Denial::none : Denial::identity;
}

}  // namespace

bool AllowedNetwork::contains(const net::IpAddress& address) const noexcept {
  return network.contains(address) &&
         std::none_of(except.begin(), except.end(),
                      [&](const net::IpNetwork& hole) { return hole.contains(address); });
}

bool AllowedIdentities::contains(std::string_view identity) const noexcept {
  if (identity.empty()) return false;
  if (any || std::find(exact.begin(), exact.end(), identity) != exact.end()) return true;
  return !is_uri(identity) &&
         std::any_of(suffixes.begin(), suffixes.end(), [&](const std::string& suffix) {
           return identity.size() > suffix.size() && identity.ends_with(suffix);
         });
}

const char* name_of(Denial denial) noexcept {
  switch (denial) {
    case Denial::none: return "none";
    case Denial::invalid_policy: return "invalid_policy";
    case Denial::no_authorization: return "no_authorization";
    case Denial::network: return "network";
    case Denial::no_tls: return "no_tls";
    case Denial::no_identity: return "no_identity";
    case Denial::identity: return "identity";
  }
  return "unknown";
}

Verdict authorize(std::span<const Authorization> first, std::span<const Authorization> then,
                  const Client& client) noexcept {
  Verdict closest{Denial::no_authorization, nullptr};
  for (const auto& list : {first, then}) {
    for (const Authorization& authorization : list) {
      const Denial denial = missing(authorization, client);
      if (denial == Denial::none) return Verdict{Denial::none, &authorization};
      if (denial > closest.denial) closest = Verdict{denial, &authorization};
    }
  }
  return closest;
}

}  // namespace mesh::policy
