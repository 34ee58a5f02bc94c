#pragma once
// Authorization: who may come in: from which networks, and proven to be whom.
//
// authorize() goes through a list of them and takes the first that lets the client in. A refusal
// names the one that came closest and what it missed, so that "why was I refused?" has an answer.
// Pure; nothing allocates.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "meshkit/net/address.h"
#include "proxy/policy/meta.h"

namespace mesh::policy {

struct AllowedNetwork {
  net::IpNetwork network;
  std::vector<net::IpNetwork> except;

  bool contains(const net::IpAddress& address) const noexcept;
};

enum class Authentication : std::uint8_t {
  none,        // anybody
  mesh_tls,    // over mutual TLS that we ended, with or without a client certificate
  identities,  // with a client certificate for one of the identities
};

// Who a client with a certificate has to be.
struct AllowedIdentities {
  bool any = false;                   // whoever has an identity, DNS or URI
  std::vector<std::string> exact;     // DNS names in lower case, or URIs
  std::vector<std::string> suffixes;  // of DNS names, in lower case with their leading dot

  bool contains(std::string_view identity) const noexcept;
};

struct Authorization {
  Meta meta;
  std::vector<AllowedNetwork> networks;  // never empty
  Authentication authentication = Authentication::none;
  AllowedIdentities identities;

  // What it permits is counted as what an enforcing policy would have refused.
  bool is_audit() const noexcept { return meta.is_built_in("audit"); }
};

// The other end of an inbound connection.
struct Client {
  net::IpAddress address;
  bool is_tls = false;        // mutual TLS, ended by this proxy
  std::string_view identity;  // of its certificate, DNS names in lower case; empty: none
};

enum class Denial : std::uint8_t {
  none,
  invalid_policy,    // what the control plane said cannot be used
  no_authorization,  // there is nobody who may come in
  network,           // not from there
  no_tls,            // only over the mesh's TLS
  no_identity,       // only with a client certificate
  identity,          // not for this identity
};

// "identity": for logs and metrics.
const char* name_of(Denial denial) noexcept;

struct Verdict {
  Denial denial = Denial::none;
  // What let the client in, or what came closest to it; null when there is none.
  const Authorization* by = nullptr;

  bool is_allowed() const noexcept { return denial == Denial::none; }
  bool is_audit() const noexcept { return is_allowed() && by != nullptr && by->is_audit(); }
};

// `first` is gone through before `then`: a route's own list, then its server's.
Verdict authorize(std::span<const Authorization> first, std::span<const Authorization> then,
                  const Client& client) noexcept;

}  // namespace mesh::policy
