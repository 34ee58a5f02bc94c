#pragma once
// Choosing the route, and the rule in it, that decides about a request or a TLS connection.
//
// Among the routes whose hosts fit, the most specific host wins, then the most specific match
// (request_match.h); of equals the one declared first. A route with the best host but no fitting
// rule steps back. Works alike for inbound and outbound routes: anything with `hosts` and `rules`,
// whose rules have `matches`. Nothing allocates. TLS routes choose by server name alone.

#include <optional>
#include <string_view>
#include <vector>

#include "proxy/policy/host_pattern.h"
#include "proxy/policy/request_match.h"

namespace mesh::policy {

// Points into the routes that were searched. `rank` tells, for HTTP, which part of the path
// matched.
template <class Route>
struct Chosen {
  const Route* route = nullptr;
  const typename Route::Rule* rule = nullptr;
  typename Route::Rule::Match::Rank rank{};
};

template <class Route>
std::optional<Chosen<Route>> choose_route(const std::vector<Route>& routes,
                                          const RequestView& request) {
  const RequestParts parts(request);
  std::optional<Chosen<Route>> best;
  HostRank best_host;
  for (const Route& route : routes) {
    const auto host = match_hosts(route.hosts, parts.host);
    if (!host || (best && *host < best_host)) continue;
    for (const auto& rule : route.rules) {
      for (const auto& match : rule.matches) {
        const auto rank = match.match(parts);
        if (!rank) continue;
        if (best && *host == best_host && !(*rank > best->rank)) continue;
        best = Chosen<Route>{&route, &rule, *rank};
        best_host = *host;
      }
    }
  }
  return best;
}

// The route for a connection with that server name; null when none fits. `Route` has `snis`.
template <class Route>
const Route* choose_tls_route(const std::vector<Route>& routes, std::string_view sni) {
  const Route* best = nullptr;
  HostRank best_rank;
  for (const Route& route : routes) {
    const auto rank = match_hosts(route.snis, sni);
    if (!rank || (best != nullptr && *rank <= best_rank)) continue;
    best = &route;
    best_rank = *rank;
  }
  return best;
}

}  // namespace mesh::policy
