#include "proxy/stats/flow_families.h"

namespace mesh::stats {
namespace {

using metrics::Description;

const Description kMalformed = {"mesh_malformed_requests_total",
                                "Requests that were refused for their form."};
const Description kResent = {"mesh_requests_resent_total",
                             "Requests that were sent a second time, to another endpoint."};
const Description kSessions = {"mesh_connections", "Accepted connections that are open."};
const Description kSessionLimit = {"mesh_connections_limit",
                                   "Accepted connections beyond which more are refused."};

}  // namespace

FlowFamilies::FlowFamilies(metrics::Registry& registry)
    : http(registry),
      transports(registry),
      malformed(registry.counter(kMalformed)),
      resent(registry.counter(kResent)),
      sessions(registry.gauge(kSessions)),
      session_limit(registry.gauge(kSessionLimit)) {}

void CauseSeries::count(forward::Cause cause) {
  auto& counter = held_[static_cast<std::size_t>(cause)];
  if (!counter) {
    metrics::LabelText labels;
    labels.add("error", forward::reply_for(cause).code);
    counter = family_.series(labels.add(labels_));
  }
  counter->add();
}

}  // namespace mesh::stats
