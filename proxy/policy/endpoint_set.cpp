#include "proxy/policy/endpoint_set.h"

#include <algorithm>
#include <map>
#include <utility>

namespace mesh::policy {
namespace {

auto position(auto& endpoints, const net::SocketAddress& address) noexcept {
  return std::lower_bound(
      endpoints.begin(), endpoints.end(), address,
      [](const Endpoint& endpoint, const net::SocketAddress& a) { return endpoint.address < a; });
}

// Ordered by address; of several with one address the last said counts.
std::vector<Endpoint> ordered(std::vector<Endpoint> endpoints) {
  std::map<net::SocketAddress, Endpoint> by_address;
  for (Endpoint& endpoint : endpoints)
    by_address.insert_or_assign(endpoint.address, std::move(endpoint));
  endpoints.clear();
  for (auto& [address, endpoint] : by_address) endpoints.push_back(std::move(endpoint));
  return endpoints;
}

bool says_nothing(const EndpointChange& change) noexcept {
  switch (change.kind) {
    case EndpointChange::Kind::add: return change.added.empty();
    case EndpointChange::Kind::remove: return change.removed.empty();
    case EndpointChange::Kind::clear: return false;
  }
  return true;
}

}  // namespace

EndpointDelta EndpointSet::apply(EndpointChange change) {
  if (says_nothing(change)) return {};
  using Kind = EndpointChange::Kind;
  const bool is_whole = replaces_ || change.kind == Kind::clear;
  heard_ = true;
  replaces_ = false;
  exists_ = change.kind != Kind::clear || change.exists;

  if (change.kind == Kind::remove && !is_whole) return drop(std::move(change.removed));
  if (change.kind != Kind::add) change.added.clear();
  return merge(ordered(std::move(change.added)), is_whole);
}

EndpointSet::State EndpointSet::state() const noexcept {
  if (!heard_) return State::unknown;
  if (!endpoints_.empty()) return State::present;
  return exists_ ? State::empty : State::nonexistent;
}

const Endpoint* EndpointSet::find(const net::SocketAddress& address) const noexcept {
  const auto at = position(endpoints_, address);
  return at != endpoints_.end() && at->address == address ? &*at : nullptr;
}

// Walks both ordered lists once.
EndpointDelta EndpointSet::merge(std::vector<Endpoint> added, bool is_whole) {
  EndpointDelta delta;
  std::vector<Endpoint> merged;
  merged.reserve(endpoints_.size() + added.size());
  auto old = endpoints_.begin();
  const auto keep_before = [&](auto is_before) {
    for (; old != endpoints_.end() && is_before(*old); ++old) {
      if (is_whole) delta.removed.push_back(old->address);
      if (!is_whole) merged.push_back(std::move(*old));
    }
  };
  for (Endpoint& endpoint : added) {
    keep_before([&](const Endpoint& other) { return other.address < endpoint.address; });
    if (old == endpoints_.end() || old->address != endpoint.address) {
      delta.added.push_back(endpoint);
    } else if (*old++ != endpoint) {
      delta.changed.push_back(endpoint);
    }
    merged.push_back(std::move(endpoint));
  }
  keep_before([](const Endpoint&) { return true; });
  endpoints_ = std::move(merged);
  return delta;
}

EndpointDelta EndpointSet::drop(std::vector<net::SocketAddress> removed) {
  EndpointDelta delta;
  std::sort(removed.begin(), removed.end());
  std::erase_if(endpoints_, [&](const Endpoint& endpoint) {
    const bool goes = std::binary_search(removed.begin(), removed.end(), endpoint.address);
    if (goes) delta.removed.push_back(endpoint.address);
    return goes;
  });
  return delta;
}

}  // namespace mesh::policy
