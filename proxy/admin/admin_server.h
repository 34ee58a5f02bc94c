#pragma once
// AdminServer: the proxy's own HTTP/1 server, for people, probes and metrics.
//
// Runs on the control thread and stays up while the workers drain. What it tells comes from
// interfaces that the app implements; all of them outlive it.

#include <memory>
#include <string>
#include <string_view>

#include "meshkit/async/loop.h"
#include "meshkit/base/intrusive_list.h"
#include "meshkit/http/h1_server.h"
#include "meshkit/net/tcp_listener.h"
#include "meshkit/net/tcp_stream.h"
#include "proxy/admin/pages.h"

namespace mesh::admin {

struct ScrapeTag {};
// Somebody who waits for the metrics. Leaves by being destroyed or unlinked.
class ScrapeReceiver : public ListLink<ScrapeTag> {
 public:
  virtual void on_scraped(std::string_view text) = 0;

 protected:
  ~ScrapeReceiver() = default;
};

class Scraper {
 public:
  // Collects from all threads, then tells the receiver, if it still waits: later, from the loop.
  virtual void scrape(ScrapeReceiver& receiver) = 0;

 protected:
  ~Scraper() = default;
};

class Stopper {
 public:
  virtual void shut_down() = 0;

 protected:
  ~Stopper() = default;
};

// Who may ask at all: the inbound policy of the admin port.
class Doorkeeper {
 public:
  virtual bool may_ask(const net::SocketAddress& client) const = 0;

 protected:
  ~Doorkeeper() = default;
};

struct AdminResources {
  Loop& loop;
  PageSettings pages;
  const Environment& environment;
  const Readiness& readiness;
  const Doorkeeper& door;
  Scraper& scraper;
  Stopper& stopper;
};

class AdminServer {
 public:
  static constexpr std::size_t kMostConnections = 128;

  explicit AdminServer(const AdminResources& resources);
  AdminServer(const AdminServer&) = delete;
  ~AdminServer();

  Status listen(const net::SocketAddress& address);
  // Where it listens, with the port the kernel chose.
  const net::SocketAddress& address() const noexcept { return listener_.address(); }

 private:
  class Connection;
  struct ConnectionTag {};

  void on_accept(net::TcpSocket socket);
  void on_connection_over(Connection& connection);

  AdminResources resources_;
  http::H1Limits limits_;
  net::TcpListener listener_;
  IntrusiveList<Connection, ConnectionTag> connections_;
  std::size_t connection_count_ = 0;
};

}  // namespace mesh::admin
