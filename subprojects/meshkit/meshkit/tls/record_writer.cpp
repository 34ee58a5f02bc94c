#include "meshkit/tls/record_writer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace mesh::tls {
namespace {

// From here on a record of its own is cheaper than a copy.
constexpr std::size_t kLargeWrite = 4096;

}  // namespace

void RecordWriter::add(Bytes data) noexcept {
  while (!data.empty()) {
    if (sealer_.is_worn()) add_key_update();
    if (data.size() < kLargeWrite) {
      gather(data);
    } else {
      seal_gathered();
      seal_straight(ContentType::application_data, data);
    }
  }
}

void RecordWriter::add_alert(Alert alert) noexcept {
  constexpr std::uint8_t kWarning = 1;
  constexpr std::uint8_t kFatal = 2;
  const std::array<std::uint8_t, 2> content{alert == Alert::close_notify ? kWarning : kFatal,
                                            static_cast<std::uint8_t>(alert)};
  Bytes left = content;
  seal_gathered();
  seal_straight(ContentType::alert, left);
}

void RecordWriter::add_key_update() {
  constexpr std::array<std::uint8_t, 5> kKeyUpdateNotRequested{24, 0, 0, 1, 0};
  Bytes left = kKeyUpdateNotRequested;
  seal_gathered();
  seal_straight(ContentType::handshake, left);
  sealer_.update();
}

ByteQueue RecordWriter::take() noexcept {
  seal_gathered();
  return std::move(sealed_);
}

// A turn that has already written much will probably write more: its next record gets more room.
void RecordWriter::gather(Bytes& data) noexcept {
  if (record_ == nullptr) {
    const std::size_t wanted = std::min(std::max(data.size(), 2 * sealed_.size()), kMaxPlaintext);
    const MutableBytes room = sealed_.reserve(wanted + kRecordOverhead);
    record_ = room.data();
    room_ = static_cast<std::uint16_t>(std::min(room.size() - kRecordOverhead, kMaxPlaintext));
  }
  const std::size_t n = std::min<std::size_t>(data.size(), room_ - gathered_);
  std::memcpy(record_ + kRecordHeader + gathered_, data.data(), n);
  gathered_ = static_cast<std::uint16_t>(gathered_ + n);
  data = data.subspan(n);
  if (gathered_ == room_) seal_gathered();
}

// Takes what fits well into a chunk: its last part is used unless that would make a small record.
void RecordWriter::seal_straight(ContentType type, Bytes& data) noexcept {
  const std::size_t wanted = std::min(data.size(), kLargeWrite);
  const MutableBytes room = sealed_.reserve(wanted + kRecordOverhead);
  const std::size_t n = std::min({data.size(), room.size() - kRecordOverhead, kMaxPlaintext});
  sealer_.seal(type, data.first(n), room.data());
  sealed_.commit(n + kRecordOverhead);
  data = data.subspan(n);
}

void RecordWriter::seal_gathered() noexcept {
  if (record_ == nullptr) return;
  sealer_.seal(ContentType::application_data, {record_ + kRecordHeader, gathered_}, record_);
  sealed_.commit(gathered_ + kRecordOverhead);
  record_ = nullptr;
  gathered_ = 0;
}

}  // namespace mesh::tls
