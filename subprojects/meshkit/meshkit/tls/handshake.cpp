#include "meshkit/tls/handshake.h"

#include <openssl/bio.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "meshkit/tls/context.h"
#include "meshkit/tls/identity_name.h"

namespace mesh::tls {
namespace {

// The ALPN list with its one name (RFC 7301 section 3.1).
constexpr std::size_t kListSize = 1 + kTransportHeaderProtocol.size();
std::array<std::uint8_t, kListSize> transport_header_list() {
  std::array<std::uint8_t, kListSize> list{};
  list[0] = static_cast<std::uint8_t>(kTransportHeaderProtocol.size());
  std::copy(kTransportHeaderProtocol.begin(), kTransportHeaderProtocol.end(), list.begin() + 1);
  return list;
}

// As certificates name it.
std::string as_identity(std::string_view text) {
  return is_dns_name(text) ? lower_case(text) : std::string(text);
}

// The alert that the library reports the peer to have sent, if that is what it reports.
std::optional<std::uint8_t> peer_alert_in(std::uint32_t error) {
  const int reason = ERR_GET_REASON(error);
  if (ERR_GET_LIB(error) != ERR_LIB_SSL || reason < SSL_AD_REASON_OFFSET ||
      reason > SSL_AD_REASON_OFFSET + 255)
    return std::nullopt;
  return static_cast<std::uint8_t>(reason - SSL_AD_REASON_OFFSET);
}

}  // namespace

Handshake::Handshake(Loop& loop, const Context& context, std::unique_ptr<net::Stream> transport,
                     const AsClient& client, Done done)
    : loop_(loop),
      transport_(std::move(transport)),
      done_(std::move(done)),
      peer_{.expected = as_identity(client.identity), .identity = {}, .refusal = {}},
      ssl_(SSL_new(context.raw())),
      received_(loop.pool()) {
  if (context.role() != Context::Role::client) std::abort();
  attach();
  SSL_set_connect_state(ssl_.get());
  const std::string server_name(client.server_name);
  if (!server_name.empty()) SSL_set_tlsext_host_name(ssl_.get(), server_name.c_str());
  // One share instead of the library's two: peers of the mesh know the hybrid group, and making a
  // second share would cost a seventh of the client's time. Others answer with a retry.
  constexpr std::uint16_t kShare = SSL_GROUP_X25519_MLKEM768;
  SSL_set1_client_key_shares(ssl_.get(), &kShare, 1);
  if (client.transport_header) {
    const auto list = transport_header_list();
    SSL_set_alpn_protos(ssl_.get(), list.data(), list.size());
  }
  advance();
}

Handshake::Handshake(Loop& loop, const Context& context, std::unique_ptr<net::Stream> transport,
                     AsServer server, Done done)
    : loop_(loop),
      transport_(std::move(transport)),
      done_(std::move(done)),
      ssl_(SSL_new(context.raw())),
      received_(std::move(server.received)) {
  if (context.role() != Context::Role::server) std::abort();
  attach();
  SSL_set_accept_state(ssl_.get());
  advance();
}

void Handshake::attach() {
  BIO* bio = BIO_new(transport_method());
  if (ssl_ == nullptr || bio == nullptr) std::abort();
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), &peer_);
  transport_->start(*this);
  transport_->resume();
}

void Handshake::on_data(MutableBytes bytes) {
  received_.append(bytes);
  advance();
}

void Handshake::on_end() { finish(Error{Errc::tls, "peer ended during the handshake"}); }

void Handshake::on_closed(const Error& error) {
  // Also after success: a stream that is closed by then is of no use.
  is_finished_ = false;
  finish(error);
}

void Handshake::advance() {
  if (is_finished_) return;
  ERR_clear_error();  // SSL_get_error would report what others left
  const int rc = SSL_do_handshake(ssl_.get());
  if (rc == 1) return finish(std::nullopt);
  if (SSL_get_error(ssl_.get(), rc) == SSL_ERROR_WANT_READ) return;
  finish(explain_failure());
}

// The callback is told at the end of the turn, after the transport has sent what was written: our
// last flight, or the alert.
void Handshake::finish(std::optional<Error> failure) {
  if (is_finished_) return;
  is_finished_ = true;
  failure_ = failure;
  transport_->pause();
  loop_.flush_later(*this);
}

Error Handshake::explain_failure() const {
  const std::uint32_t error = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(error);
  ERR_clear_error();
  if (peer_.refusal) return *peer_.refusal;
  if (const auto alert = peer_alert_in(error)) return {Errc::tls, describe_peer_alert(*alert)};
  return {Errc::tls, reason == nullptr ? "handshake failed" : reason};
}

// `done_` may destroy this object, so it is moved out first and nothing here follows it.
void Handshake::flush() {
  if (!done_) return;
  Done done = std::move(done_);
  if (failure_) return done(fail(*failure_));
  done(take_secured());
}

Secured Handshake::take_secured() {
  bssl::Span<const std::uint8_t> reading;
  bssl::Span<const std::uint8_t> writing;
  if (!bssl::SSL_get_traffic_secrets(ssl_.get(), &reading, &writing)) std::abort();
  const std::uint16_t suite = SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl_.get()));
  const TrafficSecret read_secret{
      suite, {reading.data(), reading.size()}, SSL_get_read_sequence(ssl_.get())};
  const TrafficSecret write_secret{
      suite, {writing.data(), writing.size()}, SSL_get_write_sequence(ssl_.get())};
  const auto side =
      SSL_is_server(ssl_.get()) == 1 ? TlsStream::Side::server : TlsStream::Side::client;
  const std::uint8_t* protocol = nullptr;
  unsigned protocol_size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &protocol, &protocol_size);

  Secured secured;
  secured.identity = std::move(peer_.identity);
  secured.transport_header = protocol_size != 0;  // it is all that we offer and take
  secured.group = SSL_get_group_id(ssl_.get());
  secured.stream = std::make_unique<TlsStream>(loop_, std::move(transport_), side, read_secret,
                                               write_secret, std::move(received_));
  ssl_.reset();
  return secured;
}

const BIO_METHOD* Handshake::transport_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(0, nullptr);
    if (made == nullptr) std::abort();
    BIO_meth_set_read(made, read_transport);
    BIO_meth_set_write(made, write_transport);
    BIO_meth_set_ctrl(made, [](BIO*, int command, long, void*) noexcept {
      return command == BIO_CTRL_FLUSH ? 1L : 0L;
    });
    return made;
  }();
  return method;
}

int Handshake::read_transport(BIO* bio, char* out, int size) noexcept {
  ByteQueue& received = static_cast<Handshake*>(BIO_get_data(bio))->received_;
  BIO_clear_retry_flags(bio);
  const Bytes run = received.front();
  if (run.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t n = std::min(run.size(), static_cast<std::size_t>(size));
  std::memcpy(out, run.data(), n);
  received.consume(n);
  return static_cast<int>(n);
}

int Handshake::write_transport(BIO* bio, const char* bytes, int size) noexcept {
  auto* self = static_cast<Handshake*>(BIO_get_data(bio));
  self->transport_->write(as_bytes({bytes, static_cast<std::size_t>(size)}));
  return size;
}

}  // namespace mesh::tls
