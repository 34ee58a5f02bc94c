#pragma once
// HttpRouter: the inbound decisions about the requests of one client connection.
//
// In this order: route (404), authorization (403), then the application in the version of HTTP that
// the client's application spoke. Every request is judged by the policy in force at that moment.

#include <memory>
#include <string>
#include <vector>

#include "proxy/forward/exchange.h"
#include "proxy/forward/request_sensor.h"
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
  // A client at a port, and the address of the application that it wants.
  struct Way {
    const Port& port;
    const Peer& peer;
    const net::SocketAddress& target;
  };

  // What counts a client's requests on a route that `verdict` lets in.
  virtual std::unique_ptr<forward::RequestSensor> sensor_of(const Way& way,
                                                            const policy::Meta& route,
                                                            const policy::Verdict& verdict,
                                                            bool is_grpc) = 0;
  // No route (null), or not for this client.
  virtual void on_refused(const Way& way, const policy::Meta* route,
                          const policy::Verdict& verdict) = 0;
  // Told for every exchange. The heads live for the call.
  virtual void on_over(const forward::Outcome& outcome, const http::Head& request,
                       const Way& way) = 0;

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
  // The requests of this client on one route by one authorization. An exchange keeps a pointer to
  // its Use from begin to end.
  struct Use {
    const policy::Meta* route;  // of the policy with that version
    const policy::Authorization* by;
    std::uint64_t version;
    std::unique_ptr<forward::RequestSensor> sensor;  // may be null
    std::size_t open = 0;
  };

  template <class R>
  Plan judge(const policy::ServerPolicy& policy, const std::vector<R>& routes,
             const http::Head& request);
  Use& use_of(const policy::Meta& route, const policy::Verdict& verdict, bool is_grpc);
  HttpSensor::Way way() const { return {port_, peer_, app_.address()}; }

  Port& port_;
  AppClient& app_;
  const Peer& peer_;
  const http::Version connection_;
  HttpSensor* sensor_;
  std::vector<std::unique_ptr<Use>> uses_;
};

}  // namespace mesh::inbound
