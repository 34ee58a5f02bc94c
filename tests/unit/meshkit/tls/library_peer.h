#pragma once
// LibraryPeer: the other end of a connection as the TLS library alone plays it, handshake, records
// and all, so that what tls/ does itself is held against another implementation.

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "meshkit/net/stream.h"

namespace mesh::tls {

class LibraryPeer final : public net::StreamEvents {
 public:
  // `ssl` is set up and in connect or accept state.
  LibraryPeer(std::unique_ptr<net::Stream> transport, bssl::UniquePtr<SSL> ssl)
      : transport_(std::move(transport)), ssl_(std::move(ssl)) {
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    transport_->start(*this);
    advance();
  }

  SSL* ssl() { return ssl_.get(); }
  net::Stream& transport() { return *transport_; }

  void write(std::string_view text) {
    SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
    send();
  }
  // Leaves with the next write.
  void update_keys(bool wants_answer) {
    SSL_key_update(ssl_.get(),
                   wants_answer ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
  }
  void shutdown() {
    SSL_shutdown(ssl_.get());
    send();
  }

  bool is_established = false;
  std::string received;
  std::string error;      // of the library
  bool is_ended = false;  // close_notify came
  bool is_transport_ended = false;
  bool is_transport_closed = false;

 private:
  void on_data(MutableBytes bytes) override {
    BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
    advance();
  }
  void on_end() override { is_transport_ended = true; }
  void on_closed(const Error&) override { is_transport_closed = true; }
  void on_drained() override {}

  void advance() {
    if (!is_established) is_established = step(SSL_do_handshake(ssl_.get())) == 1;
    char buffer[4096];
    int size = 0;
    while (is_established && (size = step(SSL_read(ssl_.get(), buffer, sizeof(buffer)))) > 0)
      received.append(buffer, static_cast<std::size_t>(size));
    send();
  }
  int step(int rc) {
    if (rc > 0) return rc;
    const int reason = SSL_get_error(ssl_.get(), rc);
    if (reason == SSL_ERROR_ZERO_RETURN) is_ended = true;
    if (reason == SSL_ERROR_SSL) {
      const char* text = ERR_reason_error_string(ERR_peek_error());
      error = text == nullptr ? "unknown" : text;
    }
    ERR_clear_error();
    return rc;
  }
  void send() {
    const std::uint8_t* bytes = nullptr;
    std::size_t size = 0;
    BIO* out = SSL_get_wbio(ssl_.get());
    if (BIO_mem_contents(out, &bytes, &size) != 1 || size == 0) return;
    transport_->write({bytes, size});
    BIO_reset(out);
  }

  std::unique_ptr<net::Stream> transport_;
  bssl::UniquePtr<SSL> ssl_;
};

}  // namespace mesh::tls
