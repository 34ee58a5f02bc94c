#include "proxy/discover/endpoints_watch.h"

#include "proxy/policy/endpoint_from_api.h"

namespace mesh::discover {
namespace {

io::linkerd::proxy::destination::GetDestination request_for(const HubSettings& settings,
                                                            const policy::NameAndPort& name) {
  io::linkerd::proxy::destination::GetDestination request;
  request.set_path(name.text());
  request.set_context_token(settings.context_token);
  return request;
}

}  // namespace

EndpointsWatch::EndpointsWatch(rpc::Channel& destination, const HubSettings& settings,
                               const policy::NameAndPort& name)
    : settings_(settings),
      stream_(destination, "/io.linkerd.proxy.destination.Destination/Get",
              request_for(settings, name),
              WatchOptions{.limits = settings.limits, .backoff = settings.backoff}, *this) {}

void EndpointsWatch::subscribe(const Subscriber& subscriber) {
  subscribers_.push_back(subscriber);
  if (set_.state() == policy::EndpointSet::State::unknown) return;
  policy::EndpointDelta all;
  all.added.assign(set_.endpoints().begin(), set_.endpoints().end());
  subscriber.recipient->deliver(subscriber.id, Snapshot<policy::EndpointDelta>(std::move(all)),
                                set_.state());
}

bool EndpointsWatch::unsubscribe(const Subscriber& subscriber) {
  std::erase(subscribers_, subscriber);
  return subscribers_.empty();
}

void EndpointsWatch::on_update(Update& update) { apply(policy::endpoint_change_from(update)); }

// The controller says that there can be no such destination.
void EndpointsWatch::on_final(const rpc::Status&) {
  policy::EndpointChange change;
  change.kind = policy::EndpointChange::Kind::clear;
  change.exists = false;
  apply(std::move(change));
}

void EndpointsWatch::apply(policy::EndpointChange change) {
  // A connection to a loopback endpoint would not leave this host, whoever it is meant for.
  std::erase_if(change.added,
                [](const policy::Endpoint& added) { return added.address.is_loopback(); });
  for (policy::Endpoint& added : change.added)
    added = policy::localised(std::move(added), settings_.own_addresses);
  policy::EndpointDelta delta = set_.apply(std::move(change));
  if (subscribers_.empty()) return;
  const Snapshot<policy::EndpointDelta> told(std::move(delta));
  for (const Subscriber& subscriber : subscribers_)
    subscriber.recipient->deliver(subscriber.id, told, set_.state());
}

}  // namespace mesh::discover
