#pragma once
// H2RecentResets: the streams that we reset lately, so that frames which were on their way then are
// told from frames that must not be (RFC 9113 section 5.1, "closed").

#include <algorithm>
#include <array>
#include <cstdint>

namespace mesh::http {

class H2RecentResets {
 public:
  void add(std::int32_t stream_id) noexcept {
    std::int32_t& slot = ids_[next_];
    forgotten_up_to_ = std::max(forgotten_up_to_, slot);
    slot = stream_id;
    next_ = (next_ + 1) % ids_.size();
  }

  // False only when we certainly did not reset it.
  bool may_contain(std::int32_t stream_id) const noexcept {
    return stream_id <= forgotten_up_to_ ||
           std::find(ids_.begin(), ids_.end(), stream_id) != ids_.end();
  }

 private:
  std::array<std::int32_t, 16> ids_{};
  std::size_t next_ = 0;
  std::int32_t forgotten_up_to_ = 0;
};

}  // namespace mesh::http
