#pragma once
// Session: one connection from outside to the application, from accept to its end.
//
//   original destination ─▶ port policy ─▶ (opaque: bytes)
//        │                      └─▶ ClientHello? ─ our name ─▶ handshake ─▶ protocol ─▶ HTTP or
//        bytes │                                       ├ another name ─────────────────────▶ bytes
//        │                                       └ no TLS ─────────────▶ protocol ───▶ HTTP or
//        bytes └─ our own port: handshake ─▶ transport header ─▶ the port it names, HTTP or bytes
//
// Bytes are authorized when the application is dialled and again whenever the policy changes; HTTP
// is authorized request by request (http_router.h). Nothing is dialled before it is allowed.
// Reports on_session_over once; the owner retires it.

#include <memory>

#include "meshkit/async/deadline.h"
#include "meshkit/net/tcp_stream.h"
#include "meshkit/tls/context.h"
#include "meshkit/tls/handshake.h"
#include "proxy/forward/http_session.h"
#include "proxy/forward/relay.h"
#include "proxy/inbound/http_router.h"
#include "proxy/inbound/port.h"
#include "proxy/listen/opening.h"
#include "proxy/policy/transport_header.h"

namespace mesh::inbound {

// Where the current server TLS context comes from; null: no certificate yet. One per worker.
class ServerTls {
 public:
  virtual const tls::Context* server_context() const = 0;
  virtual std::string_view server_name() const = 0;  // the SNI that is ours

 protected:
  ~ServerTls() = default;
};

class Ports {
 public:
  virtual Port& port(std::uint16_t number) = 0;

 protected:
  ~Ports() = default;
};

// What sessions are counted as; metrics implement it. One per worker.
class SessionSensor {
 public:
  // It is known now whose connection `transport` is and where it goes; told at most once.
  virtual void on_known(net::TcpStream& transport, const Port& port, const Peer& peer,
                        const net::SocketAddress& target) = 0;
  virtual void on_protocol(listen::Protocol protocol, const Port& port, const Peer& peer) = 0;
  virtual void on_connection_judged(const Port& port, const Peer& peer,
                                    const net::SocketAddress& target,
                                    const policy::Verdict& verdict, bool terminated) = 0;
  virtual void on_transport_header(const policy::TransportHeader& header, const Peer& peer) = 0;
  virtual void on_failed(forward::Cause cause, const net::SocketAddress& target) = 0;
  virtual void on_malformed(const char* reason) = 0;

 protected:
  ~SessionSensor() = default;
};

struct SessionTag {};

class Session final : public Retirable,
                      public ListLink<SessionTag>,
                      private PortWaiter,
                      private PolicyHolder,
                      private listen::Opening::Owner,
                      private forward::HttpSession::Owner,
                      private forward::Relay::Owner,
                      private net::StreamEvents {
 public:
  struct Resources {
    Loop& loop;
    forward::HttpServers servers;
    listen::Opening::Settings opening;
    net::ConnectOptions connect;
    Milliseconds handshake_timeout{10'000};
    std::uint16_t own_port = 4143;
    const ServerTls& tls;
    const forward::ClientTls& app_tls;  // none: the application is reached in plaintext
    Ports& ports;
    SessionSensor* sessions = nullptr;
    HttpSensor* http = nullptr;
    forward::TransportSensor* accepted = nullptr;
    forward::TransportSensor* connected = nullptr;
  };
  class Owner {
   public:
    virtual void on_session_over(Session& session) = 0;

   protected:
    ~Owner() = default;
  };

  // `destination`: where the client wanted to go. References outlive the session.
  Session(Resources& resources, net::TcpSocket socket, const net::SocketAddress& destination,
          Owner& owner);
  ~Session() override;

  // `last`: the connection ends with what it asks for now, since the proxy is shutting down.
  void begin(bool last);
  void drain();

 private:
  enum class Step : std::uint8_t { first_bytes, handshake, header, inside_tls, serving };

  void on_port_known() override;
  void on_policy_changed() override;

  void on_protocol(listen::Protocol protocol, MutableBytes first, bool ended) override;
  void on_quiet() override;
  void on_gone(const Error& error) override;

  void on_server_spoke() override;
  void on_server_lost(const Error& error) override;
  void on_relay_over(const net::Pump::Outcome& outcome) override;

  void on_http_closed(const Error& error) override;
  void on_http_malformed(const char* reason) override;

  // The transport header, and a client that is not read yet.
  void on_data(MutableBytes bytes) override;
  void on_end() override;
  void on_closed(const Error& error) override { on_gone(error); }
  void on_drained() override {}

  void use_port(std::uint16_t number);
  void serve_port();
  void open(listen::Opening::Question question);
  void on_client_hello(MutableBytes first, bool ended);
  void shake_hands(Bytes first);
  void on_secured(Result<tls::Secured> secured);
  void on_header(const policy::TransportHeader& header, MutableBytes rest);
  void serve_inside_tls();
  void serve_http(http::Version version, MutableBytes first);
  void serve_bytes(MutableBytes first, bool ended);
  bool is_allowed(bool terminated);
  void dial_app();
  void on_dialed(Result<forward::Dialed> dialed);
  void join_relay();
  void drop_far_side();
  void close_opening();
  void fail(forward::Cause cause, const Error& error);
  void finish(const Error& error);

  Resources& resources_;
  Owner& owner_;
  net::SocketAddress destination_;
  Peer peer_;
  Port* port_ = nullptr;
  std::unique_ptr<net::Stream> client_;  // TCP, then TLS over it; until HTTP takes it over
  net::TcpStream* transport_;
  std::unique_ptr<listen::Opening> opening_;
  std::unique_ptr<tls::Handshake> handshake_;
  std::unique_ptr<forward::DialTarget> app_target_;
  std::unique_ptr<forward::Dial> dial_;
  std::unique_ptr<forward::Relay> relay_;
  std::unique_ptr<HttpRouter> router_;
  std::unique_ptr<forward::HttpSession> http_;
  ByteQueue first_;  // read from the client and not yet passed on
  Deadline deadline_;
  std::optional<policy::TransportHeader> header_;
  Step step_ = Step::first_bytes;
  bool client_ended_ = false;
  bool is_relaying_ = false;
  bool is_draining_ = false;
  bool is_over_ = false;
};

static_assert(sizeof(Session) <= 1024);

}  // namespace mesh::inbound
