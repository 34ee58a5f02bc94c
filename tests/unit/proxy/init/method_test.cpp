#include "proxy/init/method.h"

#include <doctest/doctest.h>

using namespace mesh::init;

namespace {

constexpr Method kNft{Backend::nftables, Passing::left_alone};
constexpr Method kBasicNft{Backend::nftables, Passing::redirected};
constexpr Method kIptables{Backend::iptables, Passing::left_alone};
constexpr Method kBasicIptables{Backend::iptables, Passing::redirected};

std::optional<Method> after(const Method& tried, int sys, Backend asked = Backend::automatic) {
  return next_method(tried, Failure{"it failed", sys}, asked);
}

}  // namespace

TEST_SUITE("init/method") {
  TEST_CASE("begins with nf_tables unless iptables is asked for") {
    CHECK(first_method(Backend::automatic) == kNft);
    CHECK(first_method(Backend::nftables) == kNft);
    CHECK(first_method(Backend::iptables) == kIptables);
  }

  TEST_CASE("goes to iptables where there is no nf_tables") {
    CHECK(after(kNft, EPROTONOSUPPORT) == kIptables);
    CHECK(after(kNft, EPROTONOSUPPORT, Backend::nftables) == std::nullopt);
  }

  TEST_CASE("does without a part of nf_tables before it goes to iptables") {
    for (const int sys : {ENOENT, EOPNOTSUPP, EAFNOSUPPORT}) {
      CHECK(after(kNft, sys) == kBasicNft);
      CHECK(after(kBasicNft, sys) == kIptables);
      CHECK(after(kBasicNft, sys, Backend::nftables) == std::nullopt);
    }
  }

  TEST_CASE("does without a part of iptables before it gives up") {
    CHECK(after(kIptables, 0) == kBasicIptables);
    CHECK(after(kBasicIptables, 0) == std::nullopt);
  }

  TEST_CASE("never hides a lack of privilege or a rule set that was not understood") {
    for (const int sys : {EPERM, EACCES}) {
      CHECK(after(kNft, sys) == std::nullopt);
      CHECK(after(kIptables, sys) == std::nullopt);
    }
    CHECK(after(kNft, 0) == std::nullopt);
    CHECK(after(kNft, EAGAIN) == std::nullopt);
    CHECK(after(kNft, EINVAL) == std::nullopt);
  }

  TEST_CASE("exit codes tell a lack of privilege from other failures") {
    CHECK(exit_code(Failure{"", EPERM}) == 77);
    CHECK(exit_code(Failure{"", EACCES}) == 77);
    CHECK(exit_code(Failure{"", ENOENT}) == 1);
    CHECK(exit_code(Failure{"", 0}) == 1);
  }
}
