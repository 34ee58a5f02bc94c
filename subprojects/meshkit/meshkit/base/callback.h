#pragma once
// Callback: a move-only callable that never allocates.
//
// The callable lives inside the object; one that does not fit in `Capacity` bytes fails to compile,
// so capturing too much is found at the call site. Calling an empty Callback aborts.

#include <cstddef>
#include <cstdlib>
#include <new>
#include <type_traits>
#include <utility>

namespace mesh {

template <class Signature, std::size_t Capacity = 48>
class Callback;

template <class R, class... Args, std::size_t Capacity>
class Callback<R(Args...), Capacity> {
 public:
  Callback() noexcept = default;

  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Callback> &&
             std::is_invocable_r_v<R, std::remove_cvref_t<F>&, Args...>)
  // NOLINTNEXTLINE(google-explicit-constructor): lambdas convert, as readers expect
  Callback(F&& callable) {
    using Target = std::remove_cvref_t<F>;
    static_assert(sizeof(Target) <= Capacity, "captures too much for an inline Callback");
    static_assert(alignof(Target) <= alignof(std::max_align_t));
    static_assert(std::is_nothrow_move_constructible_v<Target>);
    ::new (static_cast<void*>(storage_)) Target(std::forward<F>(callable));
    table_ = &kTable<Target>;
  }

  Callback(Callback&& other) noexcept { take(other); }
  Callback& operator=(Callback&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~Callback() { reset(); }

  explicit operator bool() const noexcept { return table_ != nullptr; }

  // NOLINTNEXTLINE(performance-unnecessary-value-param): the signature says how they are passed
  R operator()(Args... args) {
    if (table_ == nullptr) std::abort();
    return table_->call(storage_, std::forward<Args>(args)...);
  }

  void reset() noexcept {
    if (table_ != nullptr) table_->destroy(storage_);
    table_ = nullptr;
  }

 private:
  struct Table {
    R (*call)(void*, Args&&...);
    void (*move)(void* to, void* from) noexcept;
    void (*destroy)(void*) noexcept;
  };

  template <class T>
  static constexpr Table kTable{[](void* at, Args&&... args) -> R {
                                  return (*static_cast<T*>(at))(std::forward<Args>(args)...);
                                },
                                [](void* to, void* from) noexcept {
                                  ::new (to) T(std::move(*static_cast<T*>(from)));
                                  static_cast<T*>(from)->~T();
                                },
                                [](void* at) noexcept { static_cast<T*>(at)->~T(); }};

  void take(Callback& other) noexcept {
    if (other.table_ == nullptr) return;
    table_ = std::exchange(other.table_, nullptr);
    table_->move(storage_, other.storage_);
  }

  const Table* table_ = nullptr;
  alignas(std::max_align_t) std::byte storage_[Capacity];
};

}  // namespace mesh
