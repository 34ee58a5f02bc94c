// decode_transport_header over arbitrary bytes, whole and as they would arrive.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "proxy/policy/transport_header.h"

namespace {

using namespace mesh::policy;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// A verdict never changes when more bytes arrive, and a header that was read is written as it was
// understood.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const mesh::Bytes all(data, size);
  const auto whole = decode_transport_header(all);
  if (whole && whole->size == 0) require(size < kMaxTransportHeader);
  for (std::size_t part = 0; part < size; part += 1 + size / 64) {
    const auto early = decode_transport_header(all.first(part));
    if (early && early->size == 0) continue;
    require(early.has_value() == whole.has_value());
    if (early) require(early->header == whole->header && early->size == whole->size);
  }
  if (!whole || whole->size == 0) return 0;
  const std::string encoded = encode(whole->header);
  const auto again = decode_transport_header(mesh::as_bytes(encoded));
  require(again && again->header == whole->header && again->size == encoded.size());
  return 0;
}
