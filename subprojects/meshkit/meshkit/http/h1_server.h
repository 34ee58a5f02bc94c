#pragma once
// H1Server: the server's end of an HTTP/1 connection; one exchange after the other.
//
// It reads strictly (h1_parser.h): what is malformed or could be read in two ways is answered with
// 4xx or 501 and `Connection: close`, told by ServerEvents::on_malformed, and never becomes a
// request. A fault in a body comes too late for that: the exchange gets on_reset (Errc::protocol),
// and the client its 400 if no response has begun.
//
// While a request is being answered the connection goes on reading, to notice a client that leaves;
// bytes of further requests wait for their turn (H1Limits::pipelined_bytes). A client that
// half-closes still gets its answers. Credit: reading stops above H1Limits::window bytes that the
// exchange's user has not yet consumed. An idle connection owns no buffer.
//
// Responses. Framing follows the head: content-length if it has one, else chunked, or until the end
// of the connection for HTTP/1.0 clients; none for HEAD, 204 and 304. Connection fields in the head
// are replaced by the connection's own; "close" among them is obeyed. A response that ends short of
// its content-length, or breaks off, cuts the connection. A final response to `Expect:
// 100-continue` without a 100 before it closes the connection, since the body may or may not come.
//
// The stream must be connected, and outlive the H1Server; after on_connection_closed the owner
// retires both. Destroying it earlier breaks off what is open, as `abort` does.

#include <cstdint>

#include "meshkit/async/deadline.h"
#include "meshkit/async/loop.h"
#include "meshkit/base/byte_queue.h"
#include "meshkit/http/h1_body_writer.h"
#include "meshkit/http/h1_limits.h"
#include "meshkit/http/h1_link.h"
#include "meshkit/http/h1_parser.h"
#include "meshkit/http/h1_writer.h"
#include "meshkit/http/message.h"
#include "meshkit/net/stream.h"

namespace mesh::http {

class H1Server final : public ServerConnection,
                       private net::StreamEvents,
                       private MessageStream,
                       private Flushable {
 public:
  // All arguments must outlive the H1Server.
  H1Server(Loop& loop, net::Stream& stream, ServerEvents& events, const H1Limits& limits);
  H1Server(const H1Server&) = delete;
  H1Server& operator=(const H1Server&) = delete;
  ~H1Server() override;

  // Begins with `prefix`, bytes that detection has read already, then starts the stream. Requests
  // and faults in `prefix` are told before it returns, the connection's end never.
  void start(Bytes prefix);

  void drain() override;
  void abort() override;
  std::size_t open_exchanges() const override { return exchange_ != nullptr ? 1 : 0; }

 private:
  enum class Reading : std::uint8_t {
    request,  // a head, or nothing yet
    body,
    wait,  // the request is complete, or asks for a tunnel: bytes are kept
    tunnel,
    discard,  // we have closed: bytes are dropped
  };
  enum class Answer : std::uint8_t { none, body, done };
  enum class Tunnel : std::uint8_t { none, asked, granted, refused };    // until both sides know
  enum class Slow : std::uint8_t { nothing, idle, head, body, linger };  // what the deadline is for

  static constexpr std::uint8_t kMostStalls = 60;  // of H1Limits::linger each

  void on_data(MutableBytes bytes) override;
  void on_end() override;
  void on_closed(const Error& error) override;
  void on_drained() override;

  void send_informational(const Head& head) override;
  void send_head(const Head& head, bool last) override;
  void send_body(Bytes bytes) override;
  void send_trailers(const Head& trailers) override;
  void send_end() override;
  void reset(H2Code code) override;
  void consumed(std::size_t bytes) override;
  void set_events(MessageEvents& events) override { exchange_ = &events; }

  void flush() override;

  void read(Bytes& input);
  void keep(Bytes input);
  void read_kept();
  void end_input();
  bool take(H1Parser::Step step);
  void take_head();
  void take_body(Bytes bytes);
  void end_request();
  void refuse(const H1Fault& fault);

  void end_answer();
  void answer_fault(std::uint16_t status);
  void fail_answer();
  void tell_sent();
  void settle_tunnel();
  void finish_exchange();
  void next_request();

  void break_exchange(const Reset& reset);
  void close_gracefully();
  void end_stream();
  void cut(const Error& error);
  void steer();
  void watch();
  void arm();
  void on_slow();
  void stop_lingering();
  bool is_over() const noexcept { return request_ended_ && answer_ == Answer::done; }
  void flush_later() { loop_->flush_later(*this); }

  Loop* loop_;
  ServerEvents* events_;
  const H1Limits* limits_;
  MessageEvents* exchange_ = nullptr;
  H1Link link_;
  H1Parser parser_;
  H1BodyWriter writer_;
  H1Request request_;
  ByteQueue kept_;  // read, but not to be parsed before the exchange under way is over
  Deadline deadline_;
  Error cut_error_;
  std::size_t lingering_bytes_ = 0;  // queued when the deadline last passed
  Reading reading_ = Reading::request;
  Answer answer_ = Answer::none;
  Slow slow_ = Slow::nothing;
  Tunnel tunnel_ = Tunnel::none;
  std::uint8_t stalls_ = 0;  // deadlines in a row without progress
  bool moved_ = false;       // bytes came since the deadline was armed
  bool last_told_ = false;   // the request's end was told with its head
  bool request_ended_ = false;
  bool awaits_continue_ = false;  // no 100 was sent for an Expect
  bool must_close_ = false;       // after the answer under way
  bool unsendable_ = false;       // the answer failed and the exchange is to hear of it
  bool client_ended_ = false;
  bool ended_ = false;   // we have ended the stream
  bool cut_ = false;     // aborted; on_connection_closed is due
  bool closed_ = false;  // nothing will be told any more
};

}  // namespace mesh::http
