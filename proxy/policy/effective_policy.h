#pragma once
// effective_policy: what holds for a destination, out of what the policy service and the
// destination service say about it, and what is assumed where they say nothing.
//
//   policy     profile                    what holds
//   ───────    ────────────────────────   ──────────────────────────────────────────────────────
//   none       none                       forward to the original address, in plaintext
//   none       endpoint                   forward to that endpoint
//   none       named                      balance over the name, or over the overrides
//   invalid    any                        the invalid policy
//   any        named, routes|overrides    the policy with the profile's HTTP destinations ...
//   any        named, overrides           ... and its opaque destinations
//   any        endpoint                   the policy; its plain forwards there gain the endpoint's
//                                         identity, its overrides and routes do not count
//   any        opaque                     of all the above the opaque part only
//
// Without a policy the protocol is detected, unless the profile says that it is opaque. Pure.

#include "meshkit/net/address.h"
#include "proxy/policy/outbound_policy.h"
#include "proxy/policy/profile.h"

namespace mesh::policy {

// `policy` is null when the policy service does not know the destination, `profile` when there is
// none. `original` is the address that the client connected to.
OutboundPolicy effective_policy(const net::SocketAddress& original, const OutboundPolicy* policy,
                                const Profile* profile);

}  // namespace mesh::policy
