#include "meshkit/tls/key.h"

#include <openssl/bio.h>
#include <openssl/bytestring.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pem.h>

#include <cstdlib>

namespace mesh::tls {

Key Key::generate() {
  const bssl::UniquePtr<EC_KEY> pair(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  EVP_PKEY* key = EVP_PKEY_new();
  if (pair == nullptr || key == nullptr || EC_KEY_generate_key(pair.get()) != 1 ||
      EVP_PKEY_set1_EC_KEY(key, pair.get()) != 1)
    std::abort();  // out of memory or of entropy
  return Key(Ref(key));
}

Result<Key> Key::from_der(Bytes pkcs8) {
  CBS rest;
  CBS_init(&rest, pkcs8.data(), pkcs8.size());
  bssl::UniquePtr<EVP_PKEY> key(EVP_parse_private_key(&rest));
  ERR_clear_error();
  if (key == nullptr || CBS_len(&rest) != 0)
    return fail(Errc::invalid, "private key: not PKCS#8 of a known kind");
  return Key(Ref(key.release()));
}

Result<Key> Key::from_pem(std::string_view pem) {
  const bssl::UniquePtr<BIO> text(
      BIO_new_mem_buf(pem.data(), static_cast<ossl_ssize_t>(pem.size())));
  if (text == nullptr) std::abort();
  // The empty password keeps the library from asking for one on the terminal.
  char no_password[] = "";
  bssl::UniquePtr<EVP_PKEY> key(PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, no_password));
  ERR_clear_error();
  if (key == nullptr) return fail(Errc::invalid, "private key: no unencrypted PEM key");
  return Key(Ref(key.release()));
}

bool Key::is_p256() const {
  return EVP_PKEY_id(raw()) == EVP_PKEY_EC &&
         EVP_PKEY_get_ec_curve_nid(raw()) == NID_X9_62_prime256v1;
}

std::vector<std::uint8_t> Key::der() const {
  bssl::ScopedCBB out;
  if (CBB_init(out.get(), 256) != 1 || EVP_marshal_private_key(out.get(), raw()) != 1) std::abort();
  return {CBB_data(out.get()), CBB_data(out.get()) + CBB_len(out.get())};
}

std::string Key::pem() const {
  const bssl::UniquePtr<BIO> out(BIO_new(BIO_s_mem()));
  if (out == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(out.get(), raw(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    std::abort();
  const std::uint8_t* text = nullptr;
  std::size_t size = 0;
  BIO_mem_contents(out.get(), &text, &size);
  return std::string(as_text({text, size}));
}

}  // namespace mesh::tls
