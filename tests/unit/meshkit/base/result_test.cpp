#include "meshkit/base/result.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <set>

namespace mesh {
namespace {

TEST_SUITE("base/result") {
  TEST_CASE("carries a value or an error") {
    const Result<int> good = 3;
    const Result<int> bad = fail(Errc::limit, "too many", 0);

    CHECK(good.value() == 3);
    REQUIRE_FALSE(bad);
    CHECK(bad.error().code == Errc::limit);
  }

  TEST_CASE("maps what the kernel says to what callers act on") {
    CHECK(error_from_errno(ECONNREFUSED, "").code == Errc::refused);
    CHECK(error_from_errno(ECONNRESET, "").code == Errc::reset);
    CHECK(error_from_errno(EPIPE, "").code == Errc::reset);
    CHECK(error_from_errno(EHOSTUNREACH, "").code == Errc::unreachable);
    CHECK(error_from_errno(ETIMEDOUT, "").code == Errc::timed_out);
    CHECK(error_from_errno(EMFILE, "").code == Errc::exhausted);
    CHECK(error_from_errno(EACCES, "").code == Errc::denied);
    CHECK(error_from_errno(EIO, "").code == Errc::system);
  }

  TEST_CASE("describes itself for a log line") {
    CHECK(describe(error_from_errno(ECONNREFUSED, "connect")) ==
          "connect: refused (Connection refused)");
    CHECK(describe(Error{Errc::protocol, "HTTP/1 head", 0}) == "HTTP/1 head: protocol");
  }

  TEST_CASE("every code has a name of its own") {
    std::set<std::string> names;
    for (int code = 0; code <= static_cast<int>(Errc::system); ++code)
      names.insert(name_of(static_cast<Errc>(code)));

    CHECK(names.size() == static_cast<std::size_t>(Errc::system) + 1);
    CHECK_FALSE(names.contains("unknown"));
  }
}

}  // namespace
}  // namespace mesh
