#include "proxy/outbound/backends.h"

#include <iterator>
#include <utility>

namespace mesh::outbound {
namespace {

template <class Map, class Backend>
void release_from(Map& entries, const Backend& backend) {
  for (auto& [key, entry] : entries)
    if (entry.backend.get() == &backend) --entry.holders;
}

// Forgets what was unused twice in a row, so that a policy that was replaced finds its backends
// again.
template <class Map, class InUse>
void sweep_map(Map& entries, InUse&& in_use) {
  for (auto at = entries.begin(); at != entries.end();) {
    auto& entry = at->second;
    const bool is_unused = entry.holders == 0 && !in_use(*entry.backend);
    const bool was_unused = std::exchange(entry.unused, is_unused);
    at = is_unused && was_unused ? entries.erase(at) : std::next(at);
  }
}

}  // namespace

HttpBackend& Backends::acquire_http(const std::string& key, const policy::Backend& description,
                                    const balance::FailureAccrualConfig& accrual) {
  const auto [first, last] = http_.equal_range(key);
  for (auto at = first; at != last; ++at) {
    if (!(at->second.backend->accrual() == accrual)) continue;
    ++at->second.holders;
    return *at->second.backend;
  }
  auto backend =
      std::make_unique<HttpBackend>(resources_.http, resources_.discovery, description, accrual,
                                    resources_.http_settings, resources_.sensors);
  return *http_.emplace(key, Entry<HttpBackend>{std::move(backend), 1})->second.backend;
}

TcpBackend& Backends::acquire_tcp(const std::string& key, const policy::Backend& description) {
  Entry<TcpBackend>& entry = tcp_[key];
  if (entry.backend == nullptr)
    entry.backend = std::make_unique<TcpBackend>(resources_.tcp, resources_.discovery, description,
                                                 resources_.tcp_settings);
  ++entry.holders;
  return *entry.backend;
}

void Backends::release(HttpBackend& backend) { release_from(http_, backend); }
void Backends::release(TcpBackend& backend) { release_from(tcp_, backend); }

void Backends::sweep() {
  sweep_map(http_, [](const HttpBackend& backend) { return backend.exchanges != 0; });
  sweep_map(tcp_, [](const TcpBackend& backend) { return !backend.is_idle(); });
}

}  // namespace mesh::outbound
