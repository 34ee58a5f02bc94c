#pragma once
// TcpStream: Stream (net/stream.h) over one TCP connection.
//
// Reads land in the loop's scratch buffer: an idle stream owns no buffer. Writes of a turn gather
// in a ByteQueue and leave in one writev at its end; spans of kWriteAtOnce or more go to the kernel
// at once when nothing is queued before them. What the kernel does not take waits in the queue;
// nothing is allocated per write. No event is ever delivered from inside a call into the stream.
//
// Destroying a stream whose queued bytes have not left resets the connection, so that the peer does
// not take a cut-off message for a whole one; else it closes in order.

#include <sys/types.h>

#include <cstdint>

#include "meshkit/async/loop.h"
#include "meshkit/base/byte_queue.h"
#include "meshkit/net/stream.h"
#include "meshkit/net/tcp_socket.h"

namespace mesh::net {

class TcpStream final : public Stream, private Flushable {
 public:
  static constexpr std::size_t kWriteAtOnce = 16 * 1024;

  // `loop` must outlive the stream.
  TcpStream(Loop& loop, TcpSocket socket);
  TcpStream(const TcpStream&) = delete;
  TcpStream& operator=(const TcpStream&) = delete;
  ~TcpStream() override;

  void start(StreamEvents& events) override;
  void pause() override;
  void resume() override;
  void write(Bytes bytes) override;
  // Takes what is readable from the descriptor itself, instead of on_data (see net/splice.h).
  class Bypass {
   public:
    // As read(2): how many bytes were taken, 0 at the end; but a failure is a negative errno.
    virtual ssize_t take(int fd) = 0;

   protected:
    ~Bypass() = default;
  };
  // Null for none. `bypass` outlives the stream or is taken away before.
  void set_bypass(Bypass* bypass) noexcept { bypass_ = bypass; }
  // As write(), of `bytes` bytes that stand in a pipe; moved inside the kernel as far as may be.
  void write_from_pipe(int pipe, std::size_t bytes);

  // Takes over the chunks of `bytes`, which must come from the loop's pool, without copying.
  void write(ByteQueue&& bytes);
  void write_queue(ByteQueue&& bytes) override { write(std::move(bytes)); }
  void end() override;
  void abort() override;
  std::size_t queued() const override { return queue_.size(); }

  std::uint64_t bytes_read() const noexcept { return bytes_read_; }
  std::uint64_t bytes_written() const noexcept { return bytes_written_; }  // taken by the kernel
  const SocketAddress& peer() const noexcept { return socket_.peer(); }
  const TcpSocket& socket() const noexcept { return socket_; }

 private:
  static constexpr int kPieces = 64;                 // of the queue in one writev: 1 MiB
  static constexpr int kPushes = 4;                  // writev calls before others get their turn
  static constexpr int kPiecesInFlight = 4;          // libuv allocates for more
  static constexpr std::size_t kPushAt = 64 * 1024;  // gathers no longer than this within a turn

  static void on_room(uv_handle_t* handle, std::size_t suggested, uv_buf_t* buffer);
  static void on_read(uv_stream_t* handle, ssize_t count, const uv_buf_t* buffer);
  static void on_write(uv_write_t* request, int status);
  void on_received(ssize_t count);
  void on_sent(int status);
  void flush() override;

  bool is_writable() const noexcept { return !is_closed_ && !failed_ && !end_wanted_; }
  void read_if_wanted();
  bool take_bypassed();
  void stop_reading() noexcept;

  Bytes write_at_once(Bytes bytes);
  std::size_t splice_from(int pipe, std::size_t bytes);
  void after_write();
  void push();
  std::size_t try_write(const iovec* pieces, int count, std::size_t offered);
  void wait_until_writable();

  void settle();
  void send_end();
  void report_failure();
  void read_last_words();
  void fail_with(const Error& error) noexcept;
  void report_closed(const Error& error);
  uv_stream_t* raw() const noexcept;

  Loop& loop_;
  TcpSocket socket_;
  StreamEvents* events_ = nullptr;
  Bypass* bypass_ = nullptr;
  ByteQueue queue_;
  std::size_t in_flight_ = 0;  // leading bytes of queue_ that libuv holds pointers to
  std::uint64_t bytes_read_ = 0;
  std::uint64_t bytes_written_ = 0;
  Error failure_;
  bool failed_ = false;          // failure_ is to be reported
  bool failed_writing_ = false;  // the peer may have said something before
  bool is_closed_ = false;       // nothing follows
  bool is_paused_ = false;
  bool is_reading_ = false;  // libuv reads
  bool peer_ended_ = false;
  bool end_is_due_ = false;  // a receiver has still to be told of peer_ended_
  bool end_wanted_ = false;
  bool end_sent_ = false;
  bool is_full_ = false;        // the kernel took less than it was given
  bool was_congested_ = false;  // on_drained is owed
};

}  // namespace mesh::net
