#pragma once
// RouteUses: the pairs of route and backend that requests of a target take, each with what counts
// them.
//
// An exchange keeps a pointer to its Use from begin to end. Uses of an earlier policy are forgotten
// when nothing is open on them.

#include <cstdint>
#include <memory>
#include <vector>

#include "proxy/forward/request_sensor.h"
#include "proxy/policy/meta.h"

namespace mesh::outbound {

class HttpBackend;

struct RouteUse {
  const policy::Meta* route;  // of the policy with that version
  HttpBackend* backend;
  std::uint64_t version;
  std::unique_ptr<forward::RequestSensor> sensor;  // may be null
  std::size_t open = 0;
};

class RouteUses {
 public:
  // `make_sensor` is called for a pair that is new.
  template <class MakeSensor>
  RouteUse& find(const policy::Meta& route, HttpBackend& backend, std::uint64_t version,
                 MakeSensor&& make_sensor) {
    for (const auto& use : uses_) {
      if (use->backend == &backend && use->route == &route && use->version == version) return *use;
    }
    std::erase_if(uses_,
                  [version](const auto& use) { return use->open == 0 && use->version != version; });
    uses_.push_back(std::make_unique<RouteUse>(RouteUse{&route, &backend, version, make_sensor()}));
    return *uses_.back();
  }

 private:
  std::vector<std::unique_ptr<RouteUse>> uses_;
};

}  // namespace mesh::outbound
