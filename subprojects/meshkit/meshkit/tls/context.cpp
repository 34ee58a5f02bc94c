#include "meshkit/tls/context.h"

#include <openssl/err.h>
#include <openssl/pool.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "meshkit/tls/peer_check.h"
#include "meshkit/tls/peer_verifier.h"

namespace mesh::tls {
namespace {

void must(int succeeded) {
  if (succeeded != 1) std::abort();  // out of memory, or a constant of ours that is wrong
}

// The slot of an SSL_CTX that owns its PeerVerifier.
int verifier_slot() {
  static const int slot = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* verifier, CRYPTO_EX_DATA*, int, long, void*) noexcept {
        const std::unique_ptr<PeerVerifier> owner(static_cast<PeerVerifier*>(verifier));
      });
  return slot;
}

// RFC 8446 section 6.2: what the peer is told about its certificate.
std::uint8_t alert_for(const Error& refusal) {
  return refusal.code == Errc::identity ? SSL_AD_CERTIFICATE_UNKNOWN : SSL_AD_BAD_CERTIFICATE;
}

std::vector<Bytes> chain_of(const SSL* ssl) {
  const STACK_OF(CRYPTO_BUFFER)* shown = SSL_get0_peer_certificates(ssl);
  std::vector<Bytes> chain(sk_CRYPTO_BUFFER_num(shown));
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const CRYPTO_BUFFER* certificate = sk_CRYPTO_BUFFER_value(shown, i);
    chain[i] = {CRYPTO_BUFFER_data(certificate), CRYPTO_BUFFER_len(certificate)};
  }
  return chain;
}

Status check_peer(SSL* ssl, PeerCheck& peer) {
  auto* verifier =
      static_cast<PeerVerifier*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), verifier_slot()));
  const auto identities = verifier->verify(chain_of(ssl));
  if (!identities) return fail(identities.error());
  const std::vector<std::string>& names = **identities;
  if (SSL_is_server(ssl) == 1) {
    if (!names.empty()) peer.identity = names.front();
    return {};
  }
  if (std::find(names.begin(), names.end(), peer.expected) == names.end())
    return fail(Errc::identity, "server's certificate names somebody else");
  peer.identity = peer.expected;
  return {};
}

ssl_verify_result_t on_peer_certificates(SSL* ssl, std::uint8_t* alert) noexcept {
  auto* peer = static_cast<PeerCheck*>(SSL_get_app_data(ssl));
  const Status checked = check_peer(ssl, *peer);
  if (checked) return ssl_verify_ok;
  peer->refusal = checked.error();
  *alert = alert_for(checked.error());
  return ssl_verify_invalid;
}

// Peers that offer nothing of ours are served all the same, without a protocol.
int on_protocols_offered(SSL*, const std::uint8_t** chosen, std::uint8_t* chosen_size,
                         const std::uint8_t* offered, unsigned size, void*) noexcept {
  for (Bytes list(offered, size); !list.empty(); list = list.subspan(1 + list[0])) {
    const Bytes name = list.subspan(1, list[0]);
    if (as_text(name) != kTransportHeaderProtocol) continue;
    *chosen = name.data();
    *chosen_size = static_cast<std::uint8_t>(name.size());
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

void set_protocol(SSL_CTX* context) {
  must(SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION));
  must(SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION));
  constexpr std::uint16_t kGroups[] = {SSL_GROUP_X25519_MLKEM768, SSL_GROUP_X25519,
                                       SSL_GROUP_SECP256R1, SSL_GROUP_SECP384R1};
  must(SSL_CTX_set1_group_ids(context, kGroups, std::size(kGroups)));
  // TLS 1.3 itself admits the RSA ones in chains only, never as a workload's own key.
  constexpr std::uint16_t kSignatures[] = {
      SSL_SIGN_ECDSA_SECP256R1_SHA256, SSL_SIGN_ECDSA_SECP384R1_SHA384,
      SSL_SIGN_ECDSA_SECP521R1_SHA512, SSL_SIGN_ED25519,
      SSL_SIGN_RSA_PKCS1_SHA512,       SSL_SIGN_RSA_PKCS1_SHA384,
      SSL_SIGN_RSA_PKCS1_SHA256};
  must(SSL_CTX_set_verify_algorithm_prefs(context, kSignatures, std::size(kSignatures)));
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

bssl::UniquePtr<CRYPTO_BUFFER> to_buffer(const Certificate& certificate) {
  const std::vector<std::uint8_t> der = certificate.der();
  bssl::UniquePtr<CRYPTO_BUFFER> buffer(CRYPTO_BUFFER_new(der.data(), der.size(), nullptr));
  if (buffer == nullptr) std::abort();
  return buffer;
}

Status set_credentials(SSL_CTX* context, const Credentials& credentials) {
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> owners;
  owners.push_back(to_buffer(credentials.leaf));
  for (const Certificate& link : credentials.intermediates) owners.push_back(to_buffer(link));
  std::vector<CRYPTO_BUFFER*> chain;
  for (const auto& owner : owners) chain.push_back(owner.get());
  const bool is_set = SSL_CTX_set_chain_and_key(context, chain.data(), chain.size(),
                                                credentials.key.raw(), nullptr) == 1;
  ERR_clear_error();
  if (!is_set) return fail(Errc::invalid, "credentials: the certificate is of another key");
  return {};
}

Ref<SSL_CTX> make_context(Context::Role role, const TrustBundle& bundle, const Clock& clock) {
  // With buffers: certificates are parsed by PeerVerifier, and only those it does not remember.
  Ref<SSL_CTX> context(SSL_CTX_new(TLS_with_buffers_method()));
  if (context.get() == nullptr) std::abort();
  set_protocol(context.get());
  const bool is_server = role == Context::Role::server;
  auto verifier = std::make_unique<PeerVerifier>(
      bundle, is_server ? Usage::as_client : Usage::as_server, clock);
  must(SSL_CTX_set_ex_data(context.get(), verifier_slot(), verifier.release()));
  SSL_CTX_set_custom_verify(context.get(), SSL_VERIFY_PEER, on_peer_certificates);
  if (is_server) SSL_CTX_set_alpn_select_cb(context.get(), on_protocols_offered, nullptr);
  return context;
}

}  // namespace

Result<Context> Context::make(Role role, const Credentials& credentials, const TrustBundle& bundle,
                              const Clock& clock) {
  if (!credentials.key.is_p256()) return fail(Errc::invalid, "credentials: the key is not P-256");
  Ref<SSL_CTX> context = make_context(role, bundle, clock);
  const Status set = set_credentials(context.get(), credentials);
  if (!set) return fail(set.error());
  return Context(role, std::move(context));
}

Context Context::make_anonymous_client(const TrustBundle& bundle, const Clock& clock) {
  return Context(Role::client, make_context(Role::client, bundle, clock));
}

}  // namespace mesh::tls
