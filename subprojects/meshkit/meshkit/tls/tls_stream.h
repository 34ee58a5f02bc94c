#pragma once
// TlsStream: a Stream of plaintext over a Stream of TLS 1.3 records, once the handshake is done.
//
// Reading: records are decrypted from where the transport delivered them into the loop's plain
// scratch, as many as are there, and handed on with one on_data. Writing: small writes of a turn
// gather in the record that will carry them and are sealed in place at the end of the turn; large
// ones are sealed straight from the caller's bytes. Neither allocates once warm, and an idle stream
// owns no buffer.
//
// Ends: end() sends close_notify, then the transport's end. on_end is the peer's close_notify, or
// its bare end between records, which many peers send; was_truncated() tells the latter. A broken
// or forged record, an alert of the peer or an end inside a record is on_closed with Errc::tls.
//
// Keys are updated when the peer asks and when ours have protected enough records. A peer that
// sends records without data for too long is cut off.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "meshkit/async/loop.h"
#include "meshkit/base/byte_queue.h"
#include "meshkit/net/stream.h"
#include "meshkit/tls/post_handshake.h"
#include "meshkit/tls/record_protection.h"
#include "meshkit/tls/record_splitter.h"

namespace mesh::tls {

class TlsStream final : public net::Stream, private net::StreamEvents, private Flushable {
 public:
  enum class Side : std::uint8_t { client, server };

  // Made by Handshake. `received` is what of the records after the handshake has already arrived.
  TlsStream(Loop& loop, std::unique_ptr<net::Stream> transport, Side side,
            const TrafficSecret& reading, const TrafficSecret& writing, ByteQueue received);
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  ~TlsStream() override;

  void start(net::StreamEvents& events) override;
  void pause() override;
  void resume() override;
  void write(Bytes bytes) override;
  void end() override;
  void abort() override;
  std::size_t queued() const override;

  // The peer ended without close_notify: nobody vouches that these were all its bytes.
  bool was_truncated() const noexcept { return was_truncated_; }

  // Plaintext handed on and taken so far.
  std::uint64_t bytes_read() const noexcept { return bytes_read_; }
  std::uint64_t bytes_written() const noexcept { return bytes_written_; }

  // The stream of records below, for its addresses and counters.
  net::Stream& transport() noexcept { return *transport_; }

 private:
  enum class Reading : std::uint8_t { open, ended, failed };

  void on_data(MutableBytes bytes) override;
  void on_end() override;
  void on_closed(const Error& error) override;
  void on_drained() override;
  void flush() override;

  void read_records(Bytes bytes);
  bool read_record(Bytes record, std::uint8_t* out, std::size_t& used);
  bool on_control(std::uint8_t type, Bytes content);
  bool on_alert(Bytes content);
  bool on_post_handshake(Bytes content);
  void deliver(std::size_t size);
  void read_backlog();
  void report_end();
  void fail_with(std::uint8_t alert, const char* what);

  void gather(Bytes bytes);
  void begin_record(std::size_t wanted);
  void seal_gathered();
  void seal_whole(ContentType type, Bytes bytes);
  void send_key_update();
  void hand_over();

  Loop& loop_;
  std::unique_ptr<net::Stream> transport_;
  net::StreamEvents* events_ = nullptr;

  RecordSplitter splitter_;
  PostHandshake post_handshake_;
  ByteQueue backlog_;  // records that arrived before start() or while paused
  ByteQueue sealed_;   // sealed records of this turn, then the record that gathers

  std::uint8_t* record_ = nullptr;  // the record that gathers, in sealed_'s reserved room
  std::uint16_t gathered_ = 0;
  std::uint16_t room_ = 0;

  Reading reading_ = Reading::open;
  bool is_paused_ = true;
  bool is_transport_paused_ = false;
  bool is_transport_ended_ = false;
  bool is_write_ended_ = false;
  bool is_end_reported_ = false;
  bool is_closing_ = false;  // on_closed is due at the end of the turn
  bool is_closed_ = false;
  bool owes_key_update_ = false;
  bool was_truncated_ = false;
  std::uint8_t idle_records_ = 0;  // in a row without application data
  Error close_error_;

  std::uint64_t bytes_read_ = 0;
  std::uint64_t bytes_written_ = 0;
  Opener opener_;
  Sealer sealer_;
};

}  // namespace mesh::tls
