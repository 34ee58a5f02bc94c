#pragma once
// Head: the start line and fields of one HTTP message, in one growing block of memory.
//
// Names are kept in lower case, values byte for byte, in arrival order; repeated fields stay apart.
// Well-known names get a Token when they are added, so that looking one up compares integers. A
// Head owns its block (from a BlockPool) and may be kept, moved and sent more than once; views into
// it are valid until the next change of that Head. Used for requests, responses and trailers alike.
// Nothing here judges: framing rules are the codecs' (h1_parser.h, h2_session.h).

#include <cstdint>
#include <optional>
#include <string_view>

#include "meshkit/base/block_pool.h"

namespace mesh::http {

enum class Version : std::uint8_t { http10, http11, http2 };

// Field names that the mesh reads. kOther is everything else.
enum class Token : std::uint8_t {
  kOther,
  kAuthority,
  kMethod,
  kPath,
  kScheme,
  kStatus,
  kProtocol,  // pseudo-fields, only on the wire
  kAccept,
  kConnection,
  kContentLength,
  kContentType,
  kDate,
  kExpect,
  kForwarded,
  kGrpcMessage,
  kGrpcStatus,
  kGrpcTimeout,
  kHost,
  kHttp2Settings,
  kKeepAlive,
  kL5dClientId,
  kL5dDstCanonical,
  kL5dDstOverride,
  kL5dOrigProto,
  kL5dProxyConnection,
  kL5dProxyError,
  kL5dRequireId,
  kLocation,
  kProxyConnection,
  kRetryAfter,
  kServer,
  kTe,
  kTrailer,
  kTransferEncoding,
  kUpgrade,
  kUserAgent,
  kWwwAuthenticate,
  kL5dErrorCode,
  kTraceparent,
};

// `name` in lower case.
Token token_of(std::string_view name) noexcept;
// In lower case; empty for kOther.
std::string_view name_of(Token token) noexcept;

class Head {
 public:
  static constexpr std::size_t kMaxFields = 256;

  // `pool` must outlive the Head. `limit` bounds the bytes of names and values together.
  explicit Head(BlockPool& pool, std::size_t limit = 64 * 1024) noexcept;
  Head(Head&& other) noexcept;
  Head& operator=(Head&& other) noexcept;
  ~Head();

  void clear() noexcept;    // keeps the block
  void release() noexcept;  // gives the block back
  Head copy() const noexcept;

  // Start line. Empty views where absent. Setting false: the limit was reached.
  Version version = Version::http11;
  std::uint16_t status = 0;  // responses; 0 in requests and trailers
  // HTTP/1 requests: the target was (or is to be written as) an absolute URI. Without it `scheme`
  // and `authority` of a head that came by HTTP/1 are empty, CONNECT's authority apart.
  bool absolute_form = false;
  std::string_view method() const noexcept;
  std::string_view scheme() const noexcept;
  std::string_view authority() const noexcept;  // :authority, or the authority of an absolute URI
  std::string_view path() const noexcept;       // with query; "*" and CONNECT's empty path included
  std::string_view protocol() const noexcept;   // :protocol of RFC 8441
  bool set_method(std::string_view value) noexcept;
  bool set_scheme(std::string_view value) noexcept;
  bool set_authority(std::string_view value) noexcept;
  bool set_path(std::string_view value) noexcept;
  bool set_protocol(std::string_view value) noexcept;

  // Appends a field; the name is lower-cased. False when a limit was reached.
  bool add(std::string_view name, std::string_view value) noexcept;
  bool add(Token token, std::string_view value) noexcept;  // not kOther
  // Marks the field added last.
  void mark_never_indexed() noexcept { slots_[field_count_ - 1].never_indexed = true; }
  // Replaces all fields of that name by one.
  bool set(Token token, std::string_view value) noexcept;
  bool set(std::string_view name, std::string_view value) noexcept;
  void remove(Token token) noexcept;
  void remove(std::string_view name) noexcept;  // lower case
  void remove_at(std::size_t index) noexcept;

  // For parsers that see a field in pieces: begin, then any number of appends of the name, then of
  // the value, then finish (which trims trailing blanks of the value and finds the token).
  bool append_name(std::string_view piece) noexcept;
  bool append_value(std::string_view piece) noexcept;
  void finish_field() noexcept;

  struct Field {
    std::string_view name;
    std::string_view value;
    Token token;
    bool never_indexed = false;  // HPACK: who passes it on must not index it either
  };
  std::size_t size() const noexcept { return field_count_; }
  Field operator[](std::size_t index) const noexcept {
    const Slot& slot = slots_[index];
    const char* name = text_ + slot.at;
    return {{name, slot.name_size},
            {name + slot.name_size, slot.value_size},
            slot.token,
            slot.never_indexed};
  }
  // The first such field's value.
  std::optional<std::string_view> find(Token token) const noexcept;
  std::optional<std::string_view> find(std::string_view name) const noexcept;  // lower case
  std::size_t count(Token token) const noexcept;
  // Bytes of names and values, as RFC 9113 section 6.5.2 counts them (plus 32 per field).
  std::size_t list_size() const noexcept;
  // At least the bytes of the start line, names and values together.
  std::size_t text_size() const noexcept { return text_size_; }

 private:
  struct Slot {
    std::uint32_t at;  // name starts here, value follows it
    std::uint32_t value_size;
    std::uint16_t name_size;
    Token token;
    bool never_indexed = false;
  };
  struct Span {
    std::uint32_t at = 0;
    std::uint32_t size = 0;
  };
  std::string_view view(Span part) const noexcept { return {text_ + part.at, part.size}; }
  bool put(Span& part, std::string_view value) noexcept;
  const char* make_room(std::string_view source) noexcept;
  bool append_text(std::string_view value) noexcept;
  bool append_lower(std::string_view name) noexcept;
  bool grow_text(std::size_t more) noexcept;
  bool grow_slots() noexcept;
  template <class Matches>
  void keep_last_only(Matches&& matches) noexcept;
  void push(Slot slot) noexcept;
  static constexpr std::uint64_t bit(Token token) noexcept {
    return std::uint64_t{1} << static_cast<int>(token);
  }
  bool may_have(Token token) const noexcept { return (present_ & bit(token)) != 0; }

  BlockPool* pool_;
  std::uint32_t limit_;
  std::uint32_t text_size_ = 0;
  std::uint32_t text_capacity_ = 0;
  std::uint16_t field_count_ = 0;
  std::uint16_t field_capacity_ = 0;
  bool field_open_ = false;
  char* text_ = nullptr;
  Slot* slots_ = nullptr;
  std::uint64_t present_ = 0;  // a bit for each token that was added and not removed by name
  Span method_, scheme_, authority_, path_, protocol_;
};

}  // namespace mesh::http
