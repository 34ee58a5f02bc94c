#pragma once
// DirectChannel: gRPC calls over one HTTP/2 connection to one address.
//
// It connects when the first call is submitted, again when a connection ends while calls wait, with
// jittered back-off between failures. A PING goes out when nothing was heard for `keepalive`;
// without an answer within `keepalive_timeout` the connection is given up and its calls hear
// UNAVAILABLE.

#include <memory>
#include <string>

#include "meshkit/async/backoff.h"
#include "meshkit/async/timer.h"
#include "meshkit/http/h2_client.h"
#include "meshkit/rpc/channel.h"
#include "meshkit/rpc/dialer.h"

namespace mesh::rpc {

struct ChannelOptions {
  std::string authority;
  Milliseconds keepalive{10'000};
  Milliseconds keepalive_timeout{3'000};
  Milliseconds backoff_min{100};
  Milliseconds backoff_max{60'000};
  double backoff_jitter = 0.1;
};

class DirectChannel final : public Channel, private http::ClientEvents {
 public:
  // `context` (client role) must outlive the channel.
  DirectChannel(http::H2Context& context, std::unique_ptr<Dialer> dialer, ChannelOptions options);
  ~DirectChannel() override;

  void submit(Call& call) override;
  std::string_view authority() const override { return options_.authority; }
  Loop& loop() override { return context_.loop(); }

  bool is_connected() const noexcept { return connection_ != nullptr; }
  std::size_t open_calls() const noexcept;
  // The last attempt failed and none has succeeded since.
  bool is_failing() const noexcept { return failing_; }

 private:
  void on_available() override;
  void on_draining() override;
  void on_connection_closed(const Error& error) override;

  http::H2Context& context_;
  const ChannelOptions options_;
  bool failing_ = false;
  std::unique_ptr<http::H2Client> connection_;
};

}  // namespace mesh::rpc
