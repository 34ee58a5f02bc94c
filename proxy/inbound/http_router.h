#pragma once
// HttpRouter: the inbound decisions about the requests of one client connection.
//
// In this order: route (404), authorization (403), then the application in the version of HTTP that
// the client's application spoke. Every request is judged by the policy in force at that moment.

#include <string>

#include "proxy/forward/exchange.h"
#include "proxy/inbound/port.h"
#include "proxy/policy/authorization.h"

namespace mesh::inbound {

// The other end of a connection: its address, and what it proved of itself.
struct Peer {
  net::SocketAddress address;
  bool is_tls = false;
  std::string identity;

  policy::Client client() const noexcept {
    return {.address = address.ip(), .is_tls = is_tls, .identity = identity};
  }
};

// What becomes of requests, for metrics and the access log. One per worker.
class HttpSensor {
 public:
  virtual void on_judged(const Port& port, const Peer& peer, const policy::Meta* route,
                         const policy::Verdict& verdict) = 0;
  virtual void on_over(const forward::Outcome& outcome, const http::Head& request, const Port& port,
                       const Peer& peer) = 0;

 protected:
  ~HttpSensor() = default;
};

class HttpRouter final : public forward::Route {
 public:
  // `connection` is the version between the client and us. All references outlive it.
  HttpRouter(Port& port, AppClient& app, const Peer& peer, http::Version connection,
             HttpSensor* sensor);

  Plan route(http::Head& request) override;
  void prepare(http::Head& request, const forward::Attempt& attempt) override;
  void on_response(http::Head& response, const http::Head& request,
                   const forward::Attempt& attempt) override;
  // Only proxies of the mesh are told; others would pass it on to whoever asked.
  bool tells_errors() const override { return !peer_.identity.empty(); }
  void on_over(const forward::Outcome& outcome, const http::Head& request, void* context) override;

 private:
  template <class R>
  forward::Cause judge(const policy::ServerPolicy& policy, const std::vector<R>& routes,
                       const http::Head& request);

  Port& port_;
  AppClient& app_;
  const Peer& peer_;
  const http::Version connection_;
  HttpSensor* sensor_;
};

}  // namespace mesh::inbound
