#pragma once
// Session: one connection of the local application, from accept to its end.
//
//   waiting for the target's policy ─▶ opening (what does it speak?) ─▶ HTTP or relay
//
// The policy decides how much is looked at: opaque ports not at all, TLS routes at the ClientHello,
// the rest at the first bytes. A client that stays silent gets its far side opened meanwhile, and
// whichever end speaks first decides (listen/opening.h). Reports on_session_over once; the owner
// retires it.

#include <memory>
#include <optional>

#include "meshkit/net/tcp_stream.h"
#include "proxy/forward/http_session.h"
#include "proxy/forward/relay.h"
#include "proxy/listen/opening.h"
#include "proxy/outbound/http_router.h"
#include "proxy/outbound/target.h"
#include "proxy/outbound/tcp_backend.h"

namespace mesh::outbound {

// What a session is counted as; metrics implement it. One per worker.
class SessionSensor {
 public:
  // `transport` was accepted; it is closed by TransportSensor::on_close.
  virtual void on_accepted(net::TcpStream& transport, const Target& target) = 0;
  virtual void on_protocol(listen::Protocol protocol, const Target& target) = 0;
  virtual void on_failed(forward::Cause cause, const Target& target) = 0;
  virtual void on_malformed(const char* reason) = 0;

 protected:
  ~SessionSensor() = default;
};

struct SessionTag {};

class Session final : public Retirable,
                      public ListLink<SessionTag>,
                      private TargetWaiter,
                      private listen::Opening::Owner,
                      private forward::HttpSession::Owner,
                      private forward::Relay::Owner,
                      private TcpBackend::Connection::Owner,
                      private net::StreamEvents {
 public:
  struct Resources {
    Loop& loop;
    forward::HttpServers servers;
    listen::Opening::Settings opening;
    HttpRouter::Settings router;
    SessionSensor* sessions = nullptr;
    HttpSensor* http = nullptr;
    forward::TransportSensor* accepted = nullptr;
  };
  class Owner {
   public:
    virtual void on_session_over(Session& session) = 0;

   protected:
    ~Owner() = default;
  };

  // References outlive the session. The target counts it as long as it lives.
  Session(Resources& resources, Target& target, net::TcpSocket socket, Owner& owner);
  ~Session() override;

  // `last`: the connection ends with what it asks for now, since the proxy is shutting down.
  void begin(bool last);
  void drain();
  // Nothing is under way: shutting down need not wait for it.
  bool is_idle() const;

 private:
  void on_target_known() override;
  void on_target_unknown(const Error& error) override;

  void on_protocol(listen::Protocol protocol, MutableBytes first, bool ended) override;
  void on_quiet() override;
  void on_gone(const Error& error) override;

  void on_open(forward::Dialed dialed, const TcpEndpoint& endpoint) override;
  void on_not_opened(forward::Cause cause, const Error& error) override;

  void on_server_spoke() override;
  void on_server_lost(const Error& error) override;
  void on_relay_over(const net::Pump::Outcome& outcome) override;

  void on_http_closed(const Error& error) override;
  void on_http_malformed(const char* reason) override;

  // The client's stream while nobody reads it: only its failure is of interest.
  void on_data(MutableBytes) override {}
  void on_end() override {}
  void on_closed(const Error& error) override { on_gone(error); }
  void on_drained() override {}

  void open(listen::Opening::Question question);
  void serve_http(http::Version version, MutableBytes first);
  void serve_bytes(std::string_view server_name, MutableBytes first, bool ended);
  bool connect(const policy::Distribution* distribution, const policy::Filters* filters);
  const policy::Distribution* opaque_distribution(const policy::Filters** filters) const;
  void join_relay();
  void drop_far_side();
  void far_side_closes(const Error& error);
  void fail(forward::Cause cause, const Error& error);
  void finish(const Error& error);

  Resources& resources_;
  Target& target_;
  Owner& owner_;
  std::unique_ptr<net::TcpStream> accepted_;  // until HTTP takes it over
  net::TcpStream* transport_;
  std::unique_ptr<listen::Opening> opening_;
  std::unique_ptr<TcpBackend::Connection> connection_;
  std::unique_ptr<forward::Relay> relay_;
  std::unique_ptr<HttpRouter> router_;
  std::unique_ptr<forward::HttpSession> http_;
  ByteQueue first_;  // read from the client before the far side was open
  bool client_ended_ = false;
  bool is_relaying_ = false;  // the client's bytes are opaque
  bool is_quiet_ = false;     // the far side is opened because the client is silent
  bool is_draining_ = false;
  bool is_over_ = false;
};

static_assert(sizeof(Session) <= 1024);

}  // namespace mesh::outbound
