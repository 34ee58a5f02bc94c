#pragma once
// AddressSource: where the addresses of a service come from. NameSource asks DNS: SRV, and should
// that fail A and AAAA.

#include <optional>
#include <string>

#include "meshkit/base/callback.h"
#include "meshkit/net/resolver.h"

namespace mesh::rpc {

class AddressSource {
 public:
  using Done = Callback<void(net::Resolution)>;

  virtual ~AddressSource() = default;

  // `done` runs exactly once, from the loop, never from inside this call, and never after the
  // source's end. One question at a time.
  virtual void resolve(Done done) = 0;
};

class NameSource final : public AddressSource {
 public:
  // `resolver` must outlive the source. `port` goes with addresses; services bring their own.
  NameSource(net::Resolver& resolver, std::string host, std::uint16_t port)
      : resolver_(resolver), host_(std::move(host)), port_(port) {}

  void resolve(Done done) override {
    lookup_.emplace(resolver_, host_, port_, net::LookupKind::services_first, std::move(done));
  }

 private:
  net::Resolver& resolver_;
  const std::string host_;
  const std::uint16_t port_;
  std::optional<net::Lookup> lookup_;
};

}  // namespace mesh::rpc
