#pragma once
// Relay: bytes of a client to a server and back, each direction to its own end.
//
// Made when the connection to the server is open. While the client's protocol is still undecided it
// listens to the server alone (`listen`): a server that speaks or ends first is told by
// on_server_spoke, and what it said is kept. `join` then connects the two. `on_relay_over` comes
// once, at the end of a turn and outside of every stream event: the owner may destroy the Relay
// there.

#include <memory>
#include <optional>

#include "meshkit/async/loop.h"
#include "meshkit/base/byte_queue.h"
#include "meshkit/net/pump.h"
#include "meshkit/net/stream.h"
#include "proxy/forward/dial.h"

namespace mesh::forward {

class Relay final : private net::StreamEvents {
 public:
  class Owner {
   public:
    virtual void on_server_spoke() = 0;
    virtual void on_relay_over(const net::Pump::Outcome& outcome) = 0;
    // The server's connection broke before the two were joined.
    virtual void on_server_lost(const Error& error) = 0;

   protected:
    ~Owner() = default;
  };

  // `loop` and `owner` outlive it.
  Relay(Loop& loop, Dialed server, Owner& owner);
  Relay(const Relay&) = delete;

  void listen();
  // `client` must outlive the Relay. `first` is what the client has said already; `client_ended`:
  // it has half-closed. Joined once.
  void join(net::Stream& client, ByteQueue first, bool client_ended);

  const Dialed& server() const noexcept { return server_; }
  std::uint64_t bytes_from_client() const noexcept { return pump_ ? pump_->bytes_from_first() : 0; }
  std::uint64_t bytes_from_server() const noexcept {
    return pump_ ? pump_->bytes_from_second() : 0;
  }

 private:
  void on_data(MutableBytes bytes) override;
  void on_end() override;
  void on_closed(const Error& error) override;
  void on_drained() override {}

  Loop& loop_;
  Owner& owner_;
  Dialed server_;
  ByteQueue spoken_;  // by the server, before the two were joined
  bool has_spoken_ = false;
  bool server_ended_ = false;
  std::optional<net::Pump> pump_;
};

}  // namespace mesh::forward
