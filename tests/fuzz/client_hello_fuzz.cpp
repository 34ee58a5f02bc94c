// read_client_hello over arbitrary bytes, whole and as they would arrive.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "meshkit/tls/client_hello.h"

namespace {

using mesh::tls::ClientHello;
using mesh::tls::read_client_hello;
using Verdict = ClientHello::Verdict;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// More bytes may only make a verdict of need_more final; a final one never changes, and neither
// does what was read with it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const mesh::Bytes all(data, size);
  const ClientHello whole = read_client_hello(all);
  require(whole.verdict != Verdict::need_more || size < mesh::tls::kMaxClientHello);
  const std::size_t step = 1 + size / 64;
  for (std::size_t part = 0; part < size; part += step) {
    const ClientHello early = read_client_hello(all.first(part));
    if (early.verdict == Verdict::need_more) continue;
    require(early.verdict == whole.verdict);
    require(early.server_name == whole.server_name);
    require(early.offers_transport_header == whole.offers_transport_header);
  }
  return 0;
}
