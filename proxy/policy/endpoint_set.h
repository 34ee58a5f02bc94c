#pragma once
// EndpointSet: the endpoints of one destination, kept up to date from a stream of changes.
//
// Each change yields what it altered, for the balancers that follow the set. Endpoints are told
// apart by address. After a broken stream the set stays in use as it is; the first change of the
// next stream then replaces it as a whole (stream_restarted), so what vanished meanwhile goes.
// A change costs time linear in the size of the set.

#include <cstdint>
#include <span>
#include <vector>

#include "proxy/policy/endpoint.h"

namespace mesh::policy {

// What a message of the stream says. A message that names no endpoint is no change.
struct EndpointChange {
  enum class Kind : std::uint8_t { add, remove, clear };
  Kind kind = Kind::add;
  std::vector<Endpoint> added;              // for add; replaces those of the same address
  std::vector<net::SocketAddress> removed;  // for remove
  bool exists = true;                       // for clear: whether there is such a destination at all
};

// What was altered. An address is in at most one of the lists.
struct EndpointDelta {
  std::vector<Endpoint> added;
  std::vector<Endpoint> changed;  // same address, other description
  std::vector<net::SocketAddress> removed;

  bool is_empty() const noexcept { return added.empty() && changed.empty() && removed.empty(); }
};

class EndpointSet {
 public:
  enum class State : std::uint8_t {
    unknown,      // nothing heard yet
    present,      // has endpoints
    empty,        // exists, without endpoints
    nonexistent,  // there is no such destination
  };

  EndpointDelta apply(EndpointChange change);
  void stream_restarted() noexcept { replaces_ = true; }

  State state() const noexcept;
  // Ordered by address.
  std::span<const Endpoint> endpoints() const noexcept { return endpoints_; }
  const Endpoint* find(const net::SocketAddress& address) const noexcept;

 private:
  EndpointDelta merge(std::vector<Endpoint> added, bool is_whole);
  EndpointDelta drop(std::vector<net::SocketAddress> removed);

  std::vector<Endpoint> endpoints_;
  bool heard_ = false;
  bool exists_ = true;
  bool replaces_ = false;  // the next change is the whole set
};

}  // namespace mesh::policy
