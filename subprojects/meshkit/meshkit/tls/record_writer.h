#pragma once
// RecordWriter: turns what is written in a turn into sealed TLS records, in the chunks that the
// transport will send.
//
//   small writes   gather at their place in the record that will carry them, which is sealed in
//                  place when it is full or taken: one copy
//   large writes   are sealed straight from the caller's bytes: no copy
//
// Nothing is allocated once the pool is warm; when everything was taken, nothing is owned.

#include <cstddef>
#include <cstdint>

#include "meshkit/base/block_pool.h"
#include "meshkit/base/byte_queue.h"
#include "meshkit/base/bytes.h"
#include "meshkit/tls/alert.h"
#include "meshkit/tls/record_protection.h"

namespace mesh::tls {

class RecordWriter {
 public:
  // `pool` must outlive this and what was taken from it.
  RecordWriter(BlockPool& pool, const TrafficSecret& secret) : sealed_(pool), sealer_(secret) {}

  void add(Bytes data) noexcept;
  void add_alert(Alert alert) noexcept;
  // Announces new keys and uses them from the next record on.
  void add_key_update();

  // What was added and not taken, as it will be on the wire but for the last record's frame.
  std::size_t size() const noexcept { return sealed_.size() + gathered_; }

  // Everything added so far, sealed.
  ByteQueue take() noexcept;

 private:
  void gather(Bytes& data) noexcept;
  void seal_straight(ContentType type, Bytes& data) noexcept;
  void seal_gathered() noexcept;

  ByteQueue sealed_;
  std::uint8_t* record_ = nullptr;  // the record that gathers, in the reserved room of sealed_
  std::uint16_t gathered_ = 0;
  std::uint16_t room_ = 0;  // for plaintext
  Sealer sealer_;
};

}  // namespace mesh::tls
