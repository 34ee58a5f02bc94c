#pragma once
// Failure and Outcome: how a step of mesh-init says that it did not work.
//
// mesh-init runs once and its only reader is an operator looking at a container that did not start,
// so a failure carries the whole sentence to print. `sys` is the errno behind it, 0 when there was
// none; it alone decides between the exit codes.

#include <cerrno>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace mesh::init {

struct Failure {
  std::string what;
  int sys = 0;  // errno, positive
};

template <class T>
using Outcome = tl::expected<T, Failure>;

inline tl::unexpected<Failure> failed(std::string what, int sys = 0) {
  return tl::unexpected<Failure>(Failure{std::move(what), sys});
}

// The exit codes are those of sysexits.h, which linkerd2-proxy uses too.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 64;
inline constexpr int kExitNotPermitted = 77;

inline int exit_code(const Failure& failure) noexcept {
  const bool not_permitted = failure.sys == EPERM || failure.sys == EACCES;
  return not_permitted ? kExitNotPermitted : kExitFailed;
}

}  // namespace mesh::init
