#pragma once
// Resolver: DNS on the loop, by c-ares, with the settings of /etc/resolv.conf and /etc/hosts.
//
// A Resolver serves any number of Lookups. Nothing is cached: each answer says how long it holds,
// and whoever needs it longer asks again.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "meshkit/async/loop.h"
#include "meshkit/base/callback.h"
#include "meshkit/base/result.h"
#include "meshkit/net/address.h"

namespace mesh::net {

class ResolverChannel;
class Lookup;

struct ResolverOptions {
  // How long an answer holds: its TTL, within these, and never less than Resolver::kShortestTtl.
  std::optional<std::chrono::seconds> min_ttl;
  std::optional<std::chrono::seconds> max_ttl;
  std::vector<SocketAddress> servers;  // instead of those of resolv.conf
  Milliseconds attempt{2000};          // per try of one server
  int tries = 3;
};

class Resolver {
 public:
  static constexpr std::chrono::seconds kShortestTtl{5};

  // `loop` must outlive the Resolver, and the Resolver every Lookup.
  Resolver(Loop& loop, const ResolverOptions& options);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

 private:
  friend class Lookup;
  std::chrono::seconds valid_for(std::chrono::seconds ttl) const noexcept;

  Loop& loop_;
  std::optional<std::chrono::seconds> min_ttl_;
  std::optional<std::chrono::seconds> max_ttl_;
  std::size_t asking_ = 0;  // lookups that wait for c-ares
  std::unique_ptr<ResolverChannel> channel_;
};

enum class RecordKind : std::uint8_t { addresses, services };  // A and AAAA; SRV

// What to ask for. `services_first` asks for SRV and, should that fail for any reason, for
// addresses.
enum class LookupKind : std::uint8_t { addresses, services, services_first };

struct Resolution {
  Status status;                         // not_found, timed_out, unavailable, invalid, protocol
  std::vector<SocketAddress> addresses;  // not empty on success
  RecordKind kind = RecordKind::addresses;
  // On success, how long to use the addresses. On failure the negative TTL, which only an absolute
  // name ("a.b.") asked for as a service can tell; without one, back off.
  std::optional<std::chrono::seconds> valid_for;
};

// One question. `done` runs exactly once, from the loop, never from the constructor, unless the
// Lookup is destroyed first, which cancels it. `done` may destroy the Lookup and the Resolver.
class Lookup final : private Flushable {
 public:
  using Done = Callback<void(Resolution)>;

  // `host` is a name (one without a final dot is searched for as resolv.conf says) or an IP
  // address, which is answered as it is. `port` goes with addresses; services bring their own.
  Lookup(Resolver& resolver, std::string_view host, std::uint16_t port, LookupKind kind, Done done);
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;
  ~Lookup();

 private:
  struct Question;  // what c-ares holds on to; told when its Lookup dies
  friend struct Question;

  void ask_for_services();
  void ask_for_addresses();
  void on_services(Resolution answer);
  void on_addresses(Resolution answer);
  void finish(Resolution answer);
  void flush() override;

  Resolver& resolver_;
  std::string host_;
  std::uint16_t port_;
  LookupKind kind_;
  Question* question_ = nullptr;
  std::optional<std::chrono::seconds> negative_ttl_;
  Resolution answer_;
  Done done_;
};

// The address that the first label of an SRV target spells: "10-1-2-3.web.default.svc."
// is 10.1.2.3, "fd00--1.web" is fd00::1. None when it spells no address.
std::optional<IpAddress> ip_from_service_target(std::string_view target) noexcept;

}  // namespace mesh::net
