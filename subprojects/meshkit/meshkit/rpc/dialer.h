#pragma once
// Dialer: opens the byte stream that a channel runs over. What kind (plain TCP, TLS over TCP,
// memory in tests) is its secret.

#include <memory>

#include "meshkit/base/callback.h"
#include "meshkit/base/result.h"
#include "meshkit/net/stream.h"

namespace mesh::rpc {

class Dialer {
 public:
  using Done = Callback<void(Result<std::unique_ptr<net::Stream>>)>;

  virtual ~Dialer() = default;

  // One attempt. `done` runs exactly once, from the loop, never from inside this call, and never
  // after cancel() or the Dialer's end. One attempt at a time.
  virtual void dial(Done done) = 0;
  virtual void cancel() = 0;
};

}  // namespace mesh::rpc
