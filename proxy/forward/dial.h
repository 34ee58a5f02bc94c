#pragma once
// Dial: one attempt to reach a target: TCP, then TLS and a transport header where it wants them.
//
// One deadline covers all of it. `done` runs exactly once, from the loop, never from the
// constructor, unless the Dial is destroyed first, which cancels it. It may destroy the Dial.

#include <memory>
#include <optional>
#include <string>

#include "meshkit/async/deadline.h"
#include "meshkit/net/connect.h"
#include "meshkit/net/tcp_stream.h"
#include "meshkit/tls/context.h"
#include "meshkit/tls/handshake.h"

namespace mesh::forward {

// Where the current client TLS context comes from; it changes with every renewal. Null: no
// certificate yet. One per worker.
class ClientTls {
 public:
  virtual const tls::Context* client_context() const = 0;

 protected:
  ~ClientTls() = default;
};

// How to reach a target; kept by whoever dials it again and again.
struct DialTarget {
  net::SocketAddress address;
  net::ConnectOptions connect;
  // Absent: plaintext. Both names as discovery gave them.
  struct Tls {
    std::string server_name;
    std::string identity;
  };
  std::optional<Tls> tls;
  // What is written before the first byte when the peer agreed to it (transport_header.h); empty:
  // not offered.
  std::string transport_header;
};

struct Dialed {
  std::unique_ptr<net::Stream> stream;     // not started
  const net::TcpSocket* socket = nullptr;  // of the connection below, owned by the stream
  net::TcpStream* transport = nullptr;     // likewise
  Nanoseconds connect_time{};              // of TCP alone: about a round trip
};

class Dial {
 public:
  using Done = Callback<void(Result<Dialed>)>;

  // `target` must outlive the Dial.
  Dial(Loop& loop, const DialTarget& target, const ClientTls& tls, Done done);
  Dial(const Dial&) = delete;

 private:
  void on_connected(Result<net::TcpSocket> socket);
  void on_secured(Result<tls::Secured> secured);
  void on_deadline();
  void finish(Result<Dialed> result);

  Loop& loop_;
  const DialTarget& target_;
  const ClientTls& tls_;
  TimePoint began_;
  Dialed dialed_;
  Deadline deadline_;
  Done done_;
  std::unique_ptr<tls::Handshake> handshake_;
  net::Connect connect_;
};

}  // namespace mesh::forward
