#pragma once
// RequestSensor: what counts the requests of one kind (one route, one backend, one client). Made
// when the first of them comes, so that counting the others looks nothing up.

#include "proxy/forward/outcome.h"

namespace mesh::forward {

class RequestSensor {
 public:
  virtual ~RequestSensor() = default;

  virtual void on_request() = 0;
  virtual void on_over(const Outcome& outcome) = 0;
};

}  // namespace mesh::forward
