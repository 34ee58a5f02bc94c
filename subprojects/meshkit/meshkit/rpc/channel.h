#pragma once
// Channel: where gRPC calls go. One connection (direct_channel.h) or several (balanced_channel.h).
//
// A call submitted while no connection is there waits for one; there is no fail-fast: how long a
// call waits is its own deadline's business. All on the loop's thread.

#include <string_view>

#include "meshkit/async/loop.h"

namespace mesh::rpc {

class Call;

class Channel {
 public:
  virtual ~Channel() = default;

  // Opens a stream for the call, now or when a connection is there; then call.begin(). Calls unlink
  // themselves when they are destroyed; those left when the channel is destroyed hear UNAVAILABLE.
  virtual void submit(Call& call) = 0;

  // The value of :authority.
  virtual std::string_view authority() const = 0;
  virtual Loop& loop() = 0;
};

}  // namespace mesh::rpc
