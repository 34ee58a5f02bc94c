#pragma once
// EndpointSensor: what counts the requests and connections of one endpoint. The endpoint owns it.

#include <memory>

#include "proxy/forward/http_client.h"
#include "proxy/forward/outcome.h"
#include "proxy/policy/backend.h"
#include "proxy/policy/endpoint.h"

namespace mesh::outbound {

class EndpointSensor : public forward::TransportSensor {
 public:
  virtual ~EndpointSensor() = default;

  // One attempt: a request that was given a stream, and what came of it. `latency` is that of the
  // response's first byte, or zero.
  virtual void on_request() = 0;
  virtual void on_response(const forward::Outcome& outcome, Nanoseconds latency) = 0;
};

// Makes them. One per worker; outlives all of them.
class EndpointSensors {
 public:
  virtual std::unique_ptr<EndpointSensor> sensor_of(const policy::Endpoint& endpoint,
                                                    const policy::Backend& backend) = 0;

 protected:
  ~EndpointSensors() = default;
};

}  // namespace mesh::outbound
