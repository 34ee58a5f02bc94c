#include "meshkit/http/head.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace mesh::http {
namespace {

constexpr std::size_t kFirstText = 512;
constexpr std::size_t kFirstSlots = 20;
constexpr std::size_t kLongestName = 0xffff;

static_assert(static_cast<int>(Token::kTraceparent) < 64, "Head::present_ has a bit for each");

// The eight bytes with 'A' to 'Z' in lower case. Bytes above 0x7f stay as they are.
std::uint64_t to_lower(std::uint64_t eight) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  constexpr std::uint64_t kTops = 0x8080808080808080u;
  const std::uint64_t low = eight & ~kTops;
  const std::uint64_t from_a = low + kOnes * (0x80 - 'A');
  const std::uint64_t after_z = low + kOnes * (0x80 - 'Z' - 1);
  return eight | ((from_a & ~after_z & ~eight & kTops) >> 2);
}

void copy_lower(char* to, const char* from, std::size_t size) noexcept {
  std::uint64_t eight = 0;
  for (; size >= sizeof eight; size -= sizeof eight, to += sizeof eight, from += sizeof eight) {
    std::memcpy(&eight, from, sizeof eight);
    eight = to_lower(eight);
    std::memcpy(to, &eight, sizeof eight);
  }
  for (; size != 0; --size, ++to, ++from)
    *to = *from >= 'A' && *from <= 'Z' ? static_cast<char>(*from | 0x20) : *from;
}

}  // namespace

Head::Head(BlockPool& pool, std::size_t limit) noexcept
    : pool_(&pool), limit_(static_cast<std::uint32_t>(std::min<std::size_t>(limit, 1u << 30))) {}

Head::Head(Head&& other) noexcept : pool_(other.pool_), limit_(other.limit_) {
  *this = std::move(other);
}

Head& Head::operator=(Head&& other) noexcept {
  if (this == &other) return *this;
  release();
  version = std::exchange(other.version, Version::http11);
  status = std::exchange(other.status, std::uint16_t{0});
  absolute_form = std::exchange(other.absolute_form, false);
  pool_ = other.pool_;
  limit_ = other.limit_;
  text_size_ = std::exchange(other.text_size_, 0);
  text_capacity_ = std::exchange(other.text_capacity_, 0);
  field_count_ = std::exchange(other.field_count_, std::uint16_t{0});
  field_capacity_ = std::exchange(other.field_capacity_, std::uint16_t{0});
  field_open_ = std::exchange(other.field_open_, false);
  present_ = std::exchange(other.present_, 0);
  text_ = std::exchange(other.text_, nullptr);
  slots_ = std::exchange(other.slots_, nullptr);
  method_ = std::exchange(other.method_, {});
  scheme_ = std::exchange(other.scheme_, {});
  authority_ = std::exchange(other.authority_, {});
  path_ = std::exchange(other.path_, {});
  protocol_ = std::exchange(other.protocol_, {});
  return *this;
}

Head::~Head() { release(); }

void Head::clear() noexcept {
  version = Version::http11;
  status = 0;
  absolute_form = false;
  text_size_ = 0;
  field_count_ = 0;
  field_open_ = false;
  present_ = 0;
  method_ = scheme_ = authority_ = path_ = protocol_ = {};
}

void Head::release() noexcept {
  clear();
  pool_->free(std::exchange(text_, nullptr));
  pool_->free(std::exchange(slots_, nullptr));
  text_capacity_ = 0;
  field_capacity_ = 0;
}

Head Head::copy() const noexcept {
  Head twin(*pool_, limit_);
  twin.version = version;
  twin.status = status;
  twin.absolute_form = absolute_form;
  if (text_size_ != 0 && twin.grow_text(text_size_)) {
    std::memcpy(twin.text_, text_, text_size_);
    twin.text_size_ = text_size_;
  }
  if (field_count_ != 0) {
    twin.slots_ = static_cast<Slot*>(pool_->allocate(field_count_ * sizeof(Slot)));
    twin.field_capacity_ = field_count_;
    twin.field_count_ = field_count_;
    std::memcpy(twin.slots_, slots_, field_count_ * sizeof(Slot));
  }
  twin.present_ = present_;
  twin.method_ = method_;
  twin.scheme_ = scheme_;
  twin.authority_ = authority_;
  twin.path_ = path_;
  twin.protocol_ = protocol_;
  return twin;
}

std::string_view Head::method() const noexcept { return view(method_); }
std::string_view Head::scheme() const noexcept { return view(scheme_); }
std::string_view Head::authority() const noexcept { return view(authority_); }
std::string_view Head::path() const noexcept { return view(path_); }
std::string_view Head::protocol() const noexcept { return view(protocol_); }
bool Head::set_method(std::string_view value) noexcept { return put(method_, value); }
bool Head::set_scheme(std::string_view value) noexcept { return put(scheme_, value); }
bool Head::set_authority(std::string_view value) noexcept { return put(authority_, value); }
bool Head::set_path(std::string_view value) noexcept { return put(path_, value); }
bool Head::set_protocol(std::string_view value) noexcept { return put(protocol_, value); }

bool Head::put(Span& part, std::string_view value) noexcept {
  const std::uint32_t at = text_size_;
  if (!append_text(value)) return false;
  part = {at, static_cast<std::uint32_t>(value.size())};
  return true;
}

// Makes room for `source` at the end of the text. Returns where `source` is afterwards, which
// differs if it is a view into this very text; null when the limit is reached.
const char* Head::make_room(std::string_view source) noexcept {
  const bool is_own =
      text_ != nullptr && source.data() >= text_ && source.data() < text_ + text_size_;
  const std::size_t own_offset = is_own ? static_cast<std::size_t>(source.data() - text_) : 0;
  if (!grow_text(source.size())) return nullptr;
  return is_own ? text_ + own_offset : source.data();
}

bool Head::append_text(std::string_view value) noexcept {
  if (value.empty()) return true;
  const char* from = make_room(value);
  if (from == nullptr) return false;
  std::memcpy(text_ + text_size_, from, value.size());
  text_size_ += static_cast<std::uint32_t>(value.size());
  return true;
}

bool Head::append_lower(std::string_view name) noexcept {
  if (name.empty()) return true;
  const char* from = make_room(name);
  if (from == nullptr) return false;
  copy_lower(text_ + text_size_, from, name.size());
  text_size_ += static_cast<std::uint32_t>(name.size());
  return true;
}

bool Head::grow_text(std::size_t more) noexcept {
  if (more > limit_ - std::min(limit_, text_size_)) return false;
  const std::size_t needed = text_size_ + more;
  if (needed <= text_capacity_) return true;
  text_ = static_cast<char*>(
      pool_->reallocate(text_, std::max({needed, kFirstText, std::size_t{2} * text_capacity_})));
  text_capacity_ = static_cast<std::uint32_t>(BlockPool::usable_size(text_));
  return true;
}

bool Head::grow_slots() noexcept {
  if (field_count_ < field_capacity_) return true;
  if (field_count_ >= kMaxFields) return false;
  const std::size_t wanted = std::max<std::size_t>(kFirstSlots, std::size_t{2} * field_capacity_);
  slots_ = static_cast<Slot*>(pool_->reallocate(slots_, wanted * sizeof(Slot)));
  const std::size_t usable = BlockPool::usable_size(slots_) / sizeof(Slot);
  field_capacity_ = static_cast<std::uint16_t>(std::min(usable, kMaxFields));
  return true;
}

void Head::push(Slot slot) noexcept {
  slots_[field_count_++] = slot;
  present_ |= bit(slot.token);
}

bool Head::add(std::string_view name, std::string_view value) noexcept {
  const std::uint32_t start = text_size_;
  if (name.size() > kLongestName || !grow_slots() || !append_lower(name)) return false;
  if (!append_text(value)) {
    text_size_ = start;
    return false;
  }
  const std::string_view lowered(text_ + start, name.size());
  push({start, static_cast<std::uint32_t>(value.size()), static_cast<std::uint16_t>(name.size()),
        token_of(lowered)});
  return true;
}

bool Head::add(Token token, std::string_view value) noexcept {
  const std::string_view name = name_of(token);
  const std::uint32_t start = text_size_;
  if (!grow_slots() || !append_text(name)) return false;
  if (!append_text(value)) {
    text_size_ = start;
    return false;
  }
  push({start, static_cast<std::uint32_t>(value.size()), static_cast<std::uint16_t>(name.size()),
        token});
  return true;
}

// The new field is added before the old ones go, so that `value` may be a view of one of them, and
// then takes the place of the first.
bool Head::set(Token token, std::string_view value) noexcept {
  if (!add(token, value)) return false;
  keep_last_only([token](const Slot& slot, std::string_view) { return slot.token == token; });
  return true;
}

bool Head::set(std::string_view name, std::string_view value) noexcept {
  if (!add(name, value)) return false;
  const Slot& added = slots_[field_count_ - 1];
  const Token token = added.token;
  const std::string_view lowered(text_ + added.at, added.name_size);
  keep_last_only([token, lowered](const Slot& slot, std::string_view other) {
    return slot.token == token && (token != Token::kOther || other == lowered);
  });
  return true;
}

template <class Matches>
void Head::keep_last_only(Matches&& matches) noexcept {
  const Slot last = slots_[--field_count_];
  std::size_t kept = 0;
  bool placed = false;
  for (std::size_t i = 0; i < field_count_; ++i) {
    if (!matches(slots_[i], {text_ + slots_[i].at, slots_[i].name_size}))
      slots_[kept++] = slots_[i];
    else if (!std::exchange(placed, true))
      slots_[kept++] = last;
  }
  if (!placed) slots_[kept++] = last;
  field_count_ = static_cast<std::uint16_t>(kept);
}

void Head::remove(Token token) noexcept {
  if (!may_have(token)) return;
  present_ &= ~bit(token);
  Slot* end = std::remove_if(slots_, slots_ + field_count_,
                             [token](const Slot& slot) { return slot.token == token; });
  field_count_ = static_cast<std::uint16_t>(end - slots_);
}

void Head::remove(std::string_view name) noexcept {
  Slot* end = std::remove_if(slots_, slots_ + field_count_, [this, name](const Slot& slot) {
    return std::string_view(text_ + slot.at, slot.name_size) == name;
  });
  field_count_ = static_cast<std::uint16_t>(end - slots_);
}

void Head::remove_at(std::size_t index) noexcept {
  std::copy(slots_ + index + 1, slots_ + field_count_, slots_ + index);
  --field_count_;
}

bool Head::append_name(std::string_view piece) noexcept {
  if (!field_open_) {
    if (!grow_slots()) return false;
    slots_[field_count_] = {text_size_, 0, 0, Token::kOther};
    field_open_ = true;
  }
  Slot& slot = slots_[field_count_];
  if (slot.name_size + piece.size() > kLongestName || !append_lower(piece)) return false;
  slot.name_size = static_cast<std::uint16_t>(slot.name_size + piece.size());
  return true;
}

bool Head::append_value(std::string_view piece) noexcept {
  if (!append_text(piece)) return false;
  slots_[field_count_].value_size += static_cast<std::uint32_t>(piece.size());
  return true;
}

void Head::finish_field() noexcept {
  Slot& slot = slots_[field_count_++];
  const char* name = text_ + slot.at;
  slot.token = token_of({name, slot.name_size});
  const char* value = name + slot.name_size;
  while (slot.value_size != 0 &&
         (value[slot.value_size - 1] == ' ' || value[slot.value_size - 1] == '\t'))
    --slot.value_size;
  present_ |= bit(slot.token);
  field_open_ = false;
}

std::optional<std::string_view> Head::find(Token token) const noexcept {
  if (!may_have(token)) return std::nullopt;
  for (std::size_t i = 0; i < field_count_; ++i)
    if (slots_[i].token == token) return (*this)[i].value;
  return std::nullopt;
}

std::optional<std::string_view> Head::find(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < field_count_; ++i)
    if (const Field field = (*this)[i]; field.name == name) return field.value;
  return std::nullopt;
}

std::size_t Head::count(Token token) const noexcept {
  if (!may_have(token)) return 0;
  return static_cast<std::size_t>(std::count_if(
      slots_, slots_ + field_count_, [token](const Slot& slot) { return slot.token == token; }));
}

std::size_t Head::list_size() const noexcept {
  std::size_t total = 0;
  for (std::size_t i = 0; i < field_count_; ++i)
    total += slots_[i].name_size + slots_[i].value_size + 32;
  return total;
}

}  // namespace mesh::http
