#pragma once
// Ref: a counted reference to an object of the TLS library, without the library's headers.
//
// The library counts atomically: copies may be made and dropped by different threads.

#include <openssl/base.h>

#include <utility>

namespace mesh::tls {

void add_ref(EVP_PKEY* key) noexcept;
void add_ref(X509* certificate) noexcept;
void add_ref(SSL_CTX* context) noexcept;
void drop_ref(EVP_PKEY* key) noexcept;
void drop_ref(X509* certificate) noexcept;
void drop_ref(SSL_CTX* context) noexcept;

template <class T>
class Ref {
 public:
  // Takes over the reference that the caller holds.
  explicit Ref(T* object) noexcept : object_(object) {}
  static Ref share(T* object) noexcept {
    add_ref(object);
    return Ref(object);
  }

  Ref(const Ref& other) noexcept : object_(other.object_) {
    if (object_ != nullptr) add_ref(object_);
  }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr) drop_ref(object_);
  }

  T* get() const noexcept { return object_; }

 private:
  T* object_;
};

}  // namespace mesh::tls
