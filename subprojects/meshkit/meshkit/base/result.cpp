#include "meshkit/base/result.h"

#include <cerrno>
#include <cstring>

namespace mesh {

const char* name_of(Errc code) noexcept {
  switch (code) {
    case Errc::refused: return "refused";
    case Errc::reset: return "reset";
    case Errc::unreachable: return "unreachable";
    case Errc::timed_out: return "timed_out";
    case Errc::closed: return "closed";
    case Errc::canceled: return "canceled";
    case Errc::limit: return "limit";
    case Errc::protocol: return "protocol";
    case Errc::tls: return "tls";
    case Errc::identity: return "identity";
    case Errc::unavailable: return "unavailable";
    case Errc::not_found: return "not_found";
    case Errc::invalid: return "invalid";
    case Errc::denied: return "denied";
    case Errc::exhausted: return "exhausted";
    case Errc::system: return "system";
  }
  return "unknown";
}

std::string describe(const Error& error) {
  std::string text = error.what;
  text.append(": ").append(name_of(error.code));
  if (error.sys != 0) text.append(" (").append(std::strerror(error.sys)).append(")");
  return text;
}

Error error_from_errno(int sys, const char* what) noexcept {
  switch (sys) {
    case ECONNREFUSED: return {Errc::refused, what, sys};
    case ECONNRESET:
    case EPIPE: return {Errc::reset, what, sys};
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN: return {Errc::unreachable, what, sys};
    case ETIMEDOUT: return {Errc::timed_out, what, sys};
    case ECANCELED: return {Errc::canceled, what, sys};
    case ENOENT: return {Errc::not_found, what, sys};
    case EINVAL: return {Errc::invalid, what, sys};
    case EPERM:
    case EACCES: return {Errc::denied, what, sys};
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL: return {Errc::exhausted, what, sys};
    default: return {Errc::system, what, sys};
  }
}

}  // namespace mesh
