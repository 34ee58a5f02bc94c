#pragma once
// Backend: where traffic of an outbound policy may go: one known endpoint, or the balanced
// endpoints of a destination that is looked up by name. BackendTable: the backends of one policy.
//
// Routes refer to backends by index, so that a backend used in many rules is one object and the
// data path keeps one state (balancer, queue) for it. The key says what a backend is, not where it
// stands: a later policy with the same key goes on with the same state.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "meshkit/base/clock.h"
#include "proxy/balance/ewma.h"
#include "proxy/policy/endpoint.h"
#include "proxy/policy/meta.h"
#include "proxy/policy/names.h"

namespace mesh::policy {

// Counts responses that report overload as if they had taken long.
struct OverloadPenalty {
  Nanoseconds penalty = std::chrono::seconds(5);
  Nanoseconds max_retry_after = std::chrono::seconds(300);

  friend bool operator==(const OverloadPenalty&, const OverloadPenalty&) = default;
};

// All endpoints of a name, the least loaded of two picked first.
struct Balanced {
  NameAndPort destination;
  balance::EwmaParameters ewma;
  std::optional<OverloadPenalty> penalty;

  friend bool operator==(const Balanced&, const Balanced&) = default;
};

// Traffic for it fails: the control plane named no way to forward it.
struct Nowhere {
  friend bool operator==(const Nowhere&, const Nowhere&) = default;
};

struct Queue {
  std::uint32_t capacity = 10'000;
  Nanoseconds failfast_timeout = std::chrono::seconds(3);
};

struct Backend {
  Meta meta;
  std::variant<Nowhere, Endpoint, Balanced> target;
  Queue queue;  // what the control plane proposed; the proxy's own settings count

  // Equal for backends that may share state. Stable over policies and processes.
  std::string key() const;
};

class BackendTable {
 public:
  using Index = std::uint32_t;

  // The index of the backend with that key, added if there is none yet.
  Index index_of(Backend backend);

  const Backend& operator[](Index index) const noexcept { return entries_[index].backend; }
  const std::string& key(Index index) const noexcept { return entries_[index].key; }
  Index size() const noexcept { return static_cast<Index>(entries_.size()); }

  // Replaces what stands at `index`, and its key.
  void replace(Index index, Backend backend);

 private:
  struct Entry {
    std::string key;
    Backend backend;
  };
  std::vector<Entry> entries_;
};

}  // namespace mesh::policy
