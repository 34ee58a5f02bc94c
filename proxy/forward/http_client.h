#pragma once
// HttpClient: the connections to one target for one HTTP version, opened on demand.
//
// `open` gives a stream on a live connection at once, or keeps the attempt waiting while one is
// opened; the attempt then hears on_endpoint_ready or on_failed. A target that does not answer
// is told to the owner (HttpClientEvents), which decides whether to pick it again.

#include <memory>

#include "meshkit/http/message.h"
#include "proxy/forward/dial.h"
#include "proxy/forward/dispatcher.h"

namespace mesh::forward {

class HttpClientEvents {
 public:
  virtual void on_reachable() = 0;                // a connection was opened
  virtual void on_unreachable(const Error&) = 0;  // opening failed, or the peer fell silent
  virtual void on_connections_changed() = 0;      // one closed: drained clients may be over
  // What those who waited for a connection are told.
  virtual Cause connect_cause_of(const Error& error) const { return connect_cause(error); }

 protected:
  ~HttpClientEvents() = default;
};

// What opens and closes with each connection of a client; metrics count it.
class TransportSensor {
 public:
  virtual void on_open(net::TcpStream& transport) = 0;
  virtual void on_close(net::TcpStream& transport, const Error& error) = 0;

 protected:
  ~TransportSensor() = default;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;

  virtual Dispatcher::Opened open(Attempt& attempt) = 0;
  // Opens a connection without a request, to find out whether the target is there. True when one is
  // being opened; false when one is open already.
  virtual bool probe() = 0;
  // Nothing new; connections close when their last exchange ends.
  virtual void drain() = 0;
  virtual bool is_over() const = 0;  // no connection and nobody waiting
};

}  // namespace mesh::forward
