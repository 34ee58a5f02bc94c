#pragma once
// HttpSession: one client's HTTP connection and the exchanges on it.
//
// Owns the server side of the connection (HTTP/1 or HTTP/2 over a stream that it also owns) and
// every Exchange. When the connection is over it tells its owner once, who retires the session.

#include <memory>

#include "meshkit/async/loop.h"
#include "meshkit/base/slab.h"
#include "meshkit/http/h1_server.h"
#include "meshkit/http/h2_server.h"
#include "meshkit/http/message.h"
#include "meshkit/net/stream.h"
#include "proxy/forward/exchange.h"

namespace mesh::forward {

// What the server ends of all connections of one kind share.
struct HttpServers {
  http::H2Context& h2;
  const http::H1Limits& h1;
};

class HttpSession final : public http::ServerEvents, public ExchangeOwner {
 public:
  class Owner {
   public:
    virtual void on_http_closed(const Error& error) = 0;
    virtual void on_http_malformed(const char* reason) = 0;

   protected:
    ~Owner() = default;
  };

  // All references outlive the session.
  HttpSession(HttpServers& servers, std::unique_ptr<net::Stream> stream, http::Version version,
              Route& route, Owner& owner);
  ~HttpSession();

  // `first` are bytes already read from the stream; they may be overwritten.
  void start(MutableBytes first);

  // Finishes what is under way and takes nothing new.
  void drain();
  // Nothing is under way: a drained session may close.
  bool is_idle() const { return exchange_count_ == 0; }

 private:
  http::MessageEvents& on_request(http::MessageStream& stream) override;
  void on_connection_closed(const Error& error) override;
  void on_malformed(const char* reason) override;
  void on_exchange_over(Exchange& exchange) override;

  Loop& loop_;
  Route& route_;
  Owner& owner_;
  Slab<Exchange> slab_;
  IntrusiveList<Exchange, ExchangeTag> exchanges_;
  std::uint32_t exchange_count_ = 0;
  std::unique_ptr<net::Stream> stream_;
  std::unique_ptr<http::ServerConnection> connection_;
  http::H1Server* h1_ = nullptr;  // connection_, by its version
  http::H2Server* h2_ = nullptr;
};

}  // namespace mesh::forward
