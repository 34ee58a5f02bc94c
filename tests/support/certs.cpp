#include "tests/support/certs.h"

#include <chrono>

namespace mesh::test {

tls::Validity long_validity() {
  using namespace std::chrono_literals;
  return {std::chrono::sys_days{2020y / 1 / 1}, std::chrono::sys_days{2049y / 1 / 1}};
}

TestAuthority::TestAuthority(std::string_view name)
    : root_(tls::Issuer::make_root(name, long_validity())),
      issuer_(root_.make_intermediate("test issuer", long_validity())) {}

tls::Credentials TestAuthority::credentials(const std::vector<std::string>& identities,
                                            tls::Validity validity) const {
  tls::Key key = tls::Key::generate();
  tls::Certificate leaf = issuer_.sign(key.raw(), identities, validity).value();
  return {std::move(key), std::move(leaf), issuer_.intermediates()};
}

}  // namespace mesh::test
