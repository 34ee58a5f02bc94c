#pragma once
// Backends and distributions of outbound rules out of the messages.

#include "meshkit/api/outbound.pb.h"
#include "proxy/policy/backend.h"
#include "proxy/policy/each.h"
#include "proxy/policy/filters_from_api.h"
#include "proxy/policy/outbound_route.h"
#include "proxy/policy/parsed.h"

namespace mesh::policy {

namespace pb = io::linkerd::proxy;

Parsed<Backend> backend_from(const pb::outbound::Backend& message);

// Weights of one alternative do not matter; several must not all be 0, nor sum up beyond 32 bits.
Parsed<Distribution> weighted(std::vector<BackendChoice> choices);

// `Route` is the message of one kind of route; they are alike but for their names.
template <class Route>
Parsed<BackendChoice> choice_from(const typename Route::RouteBackend& message,
                                  BackendTable& backends) {
  if (!message.has_backend()) return violation("no backend");
  auto backend = backend_from(message.backend());
  if (!backend) return tl::unexpected(backend.error());
  auto filters = each<Filter>(message.filters(), "filter",
                              [](const auto& filter) { return filter_from(filter); });
  if (!filters) return tl::unexpected(filters.error());
  return BackendChoice{backends.index_of(std::move(*backend)), 1, std::move(*filters)};
}

template <class Route>
Parsed<Distribution> distribution_from(const typename Route::Distribution& message,
                                       BackendTable& backends) {
  using Kind = typename Route::Distribution;
  const auto choice = [&](const typename Route::RouteBackend& backend) {
    return choice_from<Route>(backend, backends);
  };
  const auto weighted_choice = [&](const typename Route::WeightedRouteBackend& backend) {
    return choice(backend.backend()).map([&](BackendChoice&& chosen) {
      chosen.weight = backend.weight();
      return std::move(chosen);
    });
  };
  switch (message.kind_case()) {
    case Kind::kEmpty: return Distribution{};
    case Kind::kFirstAvailable: {
      auto choices = each<BackendChoice>(message.first_available().backends(), "backend", choice);
      if (!choices) return tl::unexpected(choices.error());
      if (choices->empty()) return violation("no backend to choose from");
      return Distribution{Distribution::Kind::first, std::move(*choices), 0};
    }
    case Kind::kRandomAvailable: {
      auto choices =
          each<BackendChoice>(message.random_available().backends(), "backend", weighted_choice);
      if (!choices) return tl::unexpected(choices.error());
      return weighted(std::move(*choices));
    }
    case Kind::KIND_NOT_SET: break;
  }
  return violation("distribution of no known kind");
}

}  // namespace mesh::policy
