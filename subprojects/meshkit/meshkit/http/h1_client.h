#pragma once
// H1Client: the client's end of an HTTP/1 connection; one exchange at a time, reused while it may
// be.
//
// It reads as strictly as H1Server: a response that could be read in two ways resets the exchange
// with Errc::protocol and cuts the connection. Bytes that nobody asked for, on an idle connection
// or after a complete response, end its use; so does the server's half-close.
//
// A response may come before the request has been sent completely; the exchange then stays open
// until its user has ended the request, resets it, or the server closes (on_reset,
// H2Code::no_error).
//
// What Reset says when the connection dies: `unprocessed` when nothing of the request had left us,
// `stale` when the connection had answered before and ended without a byte of this answer.
//
// The stream must be connected and outlive the H1Client; after on_connection_closed the owner
// retires both. Destroying it earlier breaks off what is open, as `abort` does.

#include <cstdint>

#include "meshkit/async/loop.h"
#include "meshkit/http/h1_body_writer.h"
#include "meshkit/http/h1_limits.h"
#include "meshkit/http/h1_link.h"
#include "meshkit/http/h1_parser.h"
#include "meshkit/http/message.h"
#include "meshkit/net/stream.h"

namespace mesh::http {

class H1Client final : public ClientConnection,
                       private net::StreamEvents,
                       private MessageStream,
                       private Flushable {
 public:
  // All arguments must outlive the H1Client.
  H1Client(Loop& loop, net::Stream& stream, ClientEvents& events, const H1Limits& limits);
  H1Client(const H1Client&) = delete;
  H1Client& operator=(const H1Client&) = delete;
  ~H1Client() override;

  // Starts the stream. Available from here on; on_available is told only after an exchange.
  void start();

  MessageStream* open(MessageEvents& events) override;
  bool is_available() const override;
  std::size_t open_exchanges() const override { return exchange_ != nullptr ? 1 : 0; }
  void drain() override;
  void abort() override;

 private:
  enum class Request : std::uint8_t { none, body, done };
  enum class Reading : std::uint8_t {
    nothing,   // no exchange
    response,  // heads and body
    tunnel,
    done,  // the response is complete
  };

  void on_data(MutableBytes bytes) override;
  void on_end() override;
  void on_closed(const Error& error) override;
  void on_drained() override;

  void send_informational(const Head&) override {}  // requests have none
  void send_head(const Head& head, bool last) override;
  void send_body(Bytes bytes) override;
  void send_trailers(const Head& trailers) override;
  void send_end() override;
  void reset(H2Code code) override;
  void consumed(std::size_t bytes) override;
  void set_events(MessageEvents& events) override { exchange_ = &events; }

  void flush() override;

  void end_request();
  void fail_later(const Error& error);
  void read(Bytes& input);
  void take_unasked(Bytes& input);
  void take(H1Parser::Step step);
  void take_head();
  void end_response();
  void tell_sent();
  void settle_failure();
  void finish_if_over();
  void fail(const Error& error);
  void end_with(const Error& error, bool unprocessed);
  void break_exchange(const Reset& reset);
  void close();
  void end_stream();
  bool has_nothing_left() const noexcept;
  bool is_over() const noexcept { return request_ == Request::done && reading_ == Reading::done; }
  // Opened, and nothing has gone out.
  bool is_untouched() const noexcept {
    return request_ == Request::none && reading_ == Reading::response;
  }
  bool is_tunnel() const noexcept { return parser_.framing() == Framing::tunnel; }
  bool is_dead() const noexcept { return closed_ || failing_; }
  void flush_later() { loop_->flush_later(*this); }

  Loop* loop_;
  ClientEvents* events_;
  MessageEvents* exchange_ = nullptr;
  H1Link link_;
  H1Parser parser_;
  H1BodyWriter writer_;
  Error failure_;
  std::size_t written_ = 0;  // bytes of the open request given to the stream
  Request request_ = Request::none;
  Reading reading_ = Reading::nothing;
  Answering answering_ = Answering::plain;
  bool left_this_turn_ = false;    // a turn has ended since the request began
  bool answered_ = false;          // a byte of this response has come
  bool last_told_ = false;         // the response's end was told with its head
  bool is_informational_ = false;  // the head just read
  bool used_before_ = false;       // an earlier exchange was answered
  bool reusable_ = true;           // after the exchange under way
  bool draining_ = false;          // the owner knows that it must not use this any more
  bool server_ended_ = false;
  bool failing_ = false;  // failure_ is to be told
  bool closed_ = false;   // nothing will be told any more
};

}  // namespace mesh::http
