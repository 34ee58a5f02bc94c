#pragma once
// AddressDialer: opens a stream to one address: TCP, and TLS over it where a name is given.

#include <memory>
#include <optional>
#include <string>

#include "meshkit/async/deadline.h"
#include "meshkit/net/connect.h"
#include "meshkit/rpc/dialer.h"
#include "meshkit/tls/context.h"
#include "meshkit/tls/handshake.h"

namespace mesh::rpc {

// Where the TLS context comes from; it changes whenever credentials or trust do.
class TlsSource {
 public:
  // Null while there is none; the attempt then fails with Errc::unavailable.
  virtual const tls::Context* client_context() const = 0;

 protected:
  ~TlsSource() = default;
};

struct DialSecurity {
  const TlsSource* source;  // outlives the dialer
  std::string name;         // SNI, and what the server's certificate must name
};

class AddressDialer final : public Dialer {
 public:
  static constexpr Milliseconds kDeadline{1000};  // TCP and TLS each

  // Without `security` the stream is plaintext. `loop` must outlive the dialer.
  AddressDialer(Loop& loop, const net::SocketAddress& address,
                std::optional<DialSecurity> security);

  void dial(Done done) override;
  void cancel() override;

 private:
  void on_connected(Result<net::TcpSocket> socket);
  void on_secured(Result<tls::Secured> secured);
  void finish(Result<std::unique_ptr<net::Stream>> stream);

  Loop& loop_;
  const net::SocketAddress address_;
  const std::optional<DialSecurity> security_;
  Done done_;
  Deadline deadline_;
  std::optional<net::Connect> connect_;
  std::optional<tls::Handshake> handshake_;
};

}  // namespace mesh::rpc
