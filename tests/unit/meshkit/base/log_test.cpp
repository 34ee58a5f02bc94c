#include "meshkit/base/log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>

using namespace mesh;

namespace {

// Standard output goes into a pipe while one of these lives.
class CapturedOutput {
 public:
  CapturedOutput() {
    REQUIRE(::pipe2(pipe_.data(), O_NONBLOCK | O_CLOEXEC) == 0);
    saved_ = ::dup(STDOUT_FILENO);
    REQUIRE(::dup2(pipe_[1], STDOUT_FILENO) == STDOUT_FILENO);
  }
  ~CapturedOutput() {
    ::dup2(saved_, STDOUT_FILENO);
    for (const int fd : {saved_, pipe_[0], pipe_[1]}) ::close(fd);
  }
  CapturedOutput(const CapturedOutput&) = delete;

  std::string text() {
    std::array<char, 4096> bytes{};
    const ssize_t size = ::read(pipe_[0], bytes.data(), bytes.size());
    return size > 0 ? std::string(bytes.data(), static_cast<std::size_t>(size)) : "";
  }

 private:
  std::array<int, 2> pipe_{};
  int saved_ = -1;
};

// Puts the process-wide filter and format back.
struct Restored {
  ~Restored() {
    (void)log::set_filter("warn");
    log::set_format(log::Format::plain);
  }
};

}  // namespace

TEST_SUITE("base/log") {
  TEST_CASE("lets the most specific directive decide") {
    const Restored restored;
    REQUIRE(log::set_filter("warn,identity=debug,dns=off"));

    CHECK(log::is_enabled(log::Level::warn, "admin"));
    CHECK_FALSE(log::is_enabled(log::Level::info, "admin"));
    CHECK(log::is_enabled(log::Level::debug, "identity"));
    CHECK_FALSE(log::is_enabled(log::Level::trace, "identity"));
    CHECK_FALSE(log::is_enabled(log::Level::error, "dns"));
    CHECK(log::filter() == "warn,identity=debug,dns=off");
  }

  TEST_CASE(
      "takes the names of other proxies for all parts, and directives that mean nothing here") {
    const Restored restored;
    REQUIRE(log::set_filter("warn,linkerd=info,hickory=error,[{headers}]=off"));

    CHECK(log::is_enabled(log::Level::info, "identity"));
    CHECK_FALSE(log::is_enabled(log::Level::debug, "identity"));
  }

  TEST_CASE("refuses what it does not understand and keeps the filter in force") {
    const Restored restored;
    REQUIRE(log::set_filter("info"));

    for (const char* bad : {"", " ", "loud", "identity=", "identity=loud", "info,x"}) {
      CHECK_FALSE(log::check_filter(bad));
      CHECK_FALSE(log::set_filter(bad));
    }

    CHECK(log::filter() == "info");
  }

  TEST_CASE("is silent when off") {
    const Restored restored;
    REQUIRE(log::set_filter("off"));

    CHECK_FALSE(log::is_enabled(log::Level::error, "app"));
  }

  TEST_CASE("writes one plain line per event, which no value can forge") {
    const Restored restored;
    std::string line;
    {
      CapturedOutput output;
      log::warn("identity", "renewal failed", "error", "a \"b\"\nWARN x", "count", 3, "ok", false);
      line = output.text();
    }

    CHECK(line.ends_with(
        "  WARN identity: renewal failed error=\"a \\\"b\\\"\\u000aWARN x\" count=3 ok=false\n"));
  }

  TEST_CASE("writes JSON when told to") {
    const Restored restored;
    log::set_format(log::Format::json);
    std::string line;
    {
      CapturedOutput output;
      log::error("app", "stop", "code", 1U, "ratio", 0.5, "why", "x");
      line = output.text();
    }

    CHECK(line.starts_with("{\"timestamp\":\"20"));
    CHECK(
        line.ends_with("\"level\":\"ERROR\",\"target\":\"app\",\"message\":\"stop\",\"fields\":{"
                       "\"code\":1,\"ratio\":0.5,\"why\":\"x\"}}\n"));
  }

  TEST_CASE("writes nothing that is filtered out") {
    const Restored restored;
    std::string text;
    {
      CapturedOutput output;
      log::info("app", "hidden");
      text = output.text();
    }

    CHECK(text.empty());
  }
}
