// TlsStream against a peer that has the keys and sends what it likes, in pieces of any size.
//
//   input   | piece | (type | size | content)...      size 255: the bytes that follow are sent raw

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "meshkit/base/bytes.h"
#include "tests/unit/meshkit/tls/tls_pair.h"

namespace {

using namespace mesh;
using namespace mesh::tls;

void require(bool holds) {
  if (!holds) std::abort();
}

Bytes take(Bytes& input, std::size_t size) {
  const Bytes taken = input.first(std::min(size, input.size()));
  input = input.subspan(taken.size());
  return taken;
}

bool is_key_update(std::uint8_t type, Bytes content) {
  return type == 22 && content.size() == 5 && content[0] == 24;
}

void send_one(ForgedPeer& peer, Bytes& input) {
  const std::uint8_t type = take(input, 1).front();
  const std::uint8_t size = input.empty() ? std::uint8_t{0} : take(input, 1).front();
  const Bytes content = take(input, size == 255 ? input.size() : size);
  if (size == 255) return peer.send_raw({content.begin(), content.end()});
  peer.send(static_cast<ContentType>(type), {content.begin(), content.end()});
  // As a peer that keeps to the protocol would, so that what follows can be read.
  if (is_key_update(type, content)) peer.sealer.update();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Bytes input(data, size);
  ForgedPeer peer;
  const std::uint8_t piece = take(input, 1).front();
  peer.server_transport->set_largest_read(piece == 0 ? Loop::kScratchBytes : piece);
  while (!input.empty()) {
    send_one(peer, input);
    if (input.size() % 3 == 0) peer.loop.settle(1);
    if (input.size() % 7 == 0) peer.server->pause();
    if (input.size() % 5 == 0) peer.server->resume();
  }
  peer.server->resume();
  peer.transport->end();
  peer.loop.settle(50);
  require(!peer.at_server.event_after_end);
  require(peer.at_server.ended || peer.at_server.closed);
  require(!peer.at_server.closed || peer.at_server.closed->code == Errc::tls);
  return 0;
}
