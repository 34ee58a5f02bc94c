#include "meshkit/tls/ref.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace mesh::tls {

void add_ref(EVP_PKEY* key) noexcept { EVP_PKEY_up_ref(key); }
void add_ref(X509* certificate) noexcept { X509_up_ref(certificate); }
void add_ref(SSL_CTX* context) noexcept { SSL_CTX_up_ref(context); }
void drop_ref(EVP_PKEY* key) noexcept { EVP_PKEY_free(key); }
void drop_ref(X509* certificate) noexcept { X509_free(certificate); }
void drop_ref(SSL_CTX* context) noexcept { SSL_CTX_free(context); }

}  // namespace mesh::tls
