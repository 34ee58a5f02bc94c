#pragma once
// TlsStream: a Stream of plaintext over a Stream of TLS 1.3 records, once the handshake is done.
//
// Reading: records are decrypted from where the transport delivered them into the loop's plain
// scratch, as many as are there, and handed on with one on_data. Writing: what a turn writes leaves
// at its end as few records, sealed in the transport's own chunks; much leaves at once. Neither
// allocates once warm, and an idle stream owns no buffer.
//
// Ends: end() sends close_notify, then the transport's end. on_end is the peer's close_notify, or
// its bare end between records, which many peers send; was_truncated() tells the latter. A broken
// or forged record, an alert of the peer or an end inside a record is on_closed with Errc::tls, at
// the end of the turn so that our alert leaves first.
//
// Keys are updated when the peer asks and when ours have protected enough records. A peer that
// sends records without data for too long is cut off.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "meshkit/async/loop.h"
#include "meshkit/base/byte_queue.h"
#include "meshkit/net/stream.h"
#include "meshkit/tls/alert.h"
#include "meshkit/tls/post_handshake.h"
#include "meshkit/tls/record_protection.h"
#include "meshkit/tls/record_splitter.h"
#include "meshkit/tls/record_writer.h"

namespace mesh::tls {

class TlsStream final : public net::Stream, private net::StreamEvents, private Flushable {
 public:
  enum class Side : std::uint8_t { client, server };

  // Made by Handshake. `received` is what of the records after the handshake has already arrived.
  TlsStream(Loop& loop, std::unique_ptr<net::Stream> transport, Side side,
            const TrafficSecret& reading, const TrafficSecret& writing, ByteQueue received);
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  // With bytes that have not left, the transport is reset.
  ~TlsStream() override;

  void start(net::StreamEvents& events) override;
  void pause() override;
  void resume() override;
  void write(Bytes bytes) override;
  void end() override;
  void abort() override;
  std::size_t queued() const override { return writer_.size() + transport_->queued(); }

  // The peer ended without close_notify: nobody vouches that these were all its bytes.
  bool was_truncated() const noexcept { return was_truncated_; }

  // Plaintext handed on and taken so far.
  std::uint64_t bytes_read() const noexcept { return bytes_read_; }
  std::uint64_t bytes_written() const noexcept { return bytes_written_; }

  // The stream of records below, for its addresses and counters.
  const net::Stream& transport() const noexcept { return *transport_; }

 private:
  enum class Reading : std::uint8_t { open, ended, failed };

  void on_data(MutableBytes bytes) override;
  void on_end() override;
  void on_closed(const Error& error) override;
  void on_drained() override;
  void flush() override;

  void read_records(Bytes bytes);
  void read_record(Bytes record, std::uint8_t* out, std::size_t& filled);
  void on_control(std::uint8_t type, Bytes content);
  void on_alert(Bytes content);
  void on_post_handshake(Bytes content);
  void hand_on(std::size_t size);
  void read_backlog();
  void settle_reading();
  void report_closed();
  void refuse(Alert alert, const char* what);
  void close_with(const Error& error);
  void send_written();

  bool can_read() const noexcept { return reading_ == Reading::open && !is_paused_; }
  bool can_write() const noexcept { return !is_write_ended_ && !is_closing_; }

  Loop& loop_;
  std::unique_ptr<net::Stream> transport_;
  net::StreamEvents* events_ = nullptr;
  ByteQueue backlog_;  // records that arrived before start() or while paused
  RecordSplitter splitter_;
  PostHandshake post_handshake_;
  std::uint8_t idle_records_ = 0;  // in a row without application data

  Reading reading_ = Reading::open;
  bool is_paused_ = true;
  bool is_transport_ended_ = false;
  bool is_end_reported_ = false;
  bool is_write_ended_ = false;
  bool is_closing_ = false;  // close_error_ is to be reported, or has been
  bool is_closed_ = false;   // no event follows
  bool owes_key_update_ = false;
  bool was_truncated_ = false;
  Error close_error_;

  std::uint64_t bytes_read_ = 0;
  std::uint64_t bytes_written_ = 0;
  Opener opener_;
  RecordWriter writer_;
};

}  // namespace mesh::tls
