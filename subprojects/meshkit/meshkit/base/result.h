#pragma once
// Result and Error: how everything that may fail says so.
//
// Errors are small values that cost nothing to copy and never allocate: a code that callers branch
// on, a string literal for people, and the errno (or library) number where there was one. Failures
// of peers and of the network are values; broken invariants and out-of-memory abort.

#include <cstdint>
#include <string>
#include <tl/expected.hpp>

namespace mesh {

// What went wrong, in terms that callers act on. proxy/forward/reply_for maps these to the outside.
enum class Errc : std::uint8_t {
  refused,      // nobody listens, or a policy says no at the transport
  reset,        // the peer cut the connection
  unreachable,  // no route, host down
  timed_out,    // a deadline passed
  closed,       // used after its orderly end
  canceled,     // the local side gave up
  limit,        // a bound of ours was reached
  protocol,     // the peer broke the rules of its protocol
  tls,          // handshake or record failure
  identity,     // the peer is not who it should be
  unavailable,  // nothing is ready to take this
  not_found,    // a name, file or record does not exist
  invalid,      // malformed input or setting
  denied,       // not permitted, by the kernel or by policy
  exhausted,    // descriptors, memory, ports
  system,       // anything else the kernel reported; see Error::sys
};

// A stable lower-case name ("refused") for logs, metrics and headers.
const char* name_of(Errc code) noexcept;

struct Error {
  Errc code = Errc::system;
  const char* what = "";  // a string literal: static storage, never freed
  int sys = 0;            // errno, positive; 0 when there was none
};

// "connect: refused (Connection refused)". For logs; allocates.
std::string describe(const Error& error);

// The Error for a positive errno value, with its nearest Errc.
Error error_from_errno(int sys, const char* what) noexcept;

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(Errc code, const char* what, int sys = 0) noexcept {
  return tl::unexpected<Error>(Error{code, what, sys});
}
inline tl::unexpected<Error> fail(const Error& error) noexcept {
  return tl::unexpected<Error>(error);
}

}  // namespace mesh
