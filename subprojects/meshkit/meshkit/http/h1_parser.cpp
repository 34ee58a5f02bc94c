#include "meshkit/http/h1_parser.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "meshkit/http/h1_start_line.h"

namespace mesh::http {
namespace {

// Room that a head of the largest size leaves for fields which its user adds.
constexpr std::size_t kRoomForMore = 4 * 1024;

constexpr H1Fault kCutShort{400, "cut_short"};
constexpr H1Fault kHeadTooLarge{431, "head_too_large"};
constexpr H1Fault kTooManyFields{431, "too_many_fields"};

}  // namespace

// What llhttp calls. It stops (HPE_PAUSED) wherever there is something to tell.
struct H1Parser::Callbacks {
  static H1Parser& of(llhttp_t* llhttp) noexcept { return *static_cast<H1Parser*>(llhttp->data); }

  static int fail(H1Parser& parser, H1Fault fault) noexcept {
    parser.fault_ = fault;
    return HPE_USER;
  }
  // Trailers are counted here; a head's bytes as they are read.
  static bool fits(H1Parser& parser, std::size_t size) noexcept {
    if (parser.state_ != State::chunks) return true;
    parser.head_bytes_ += static_cast<std::uint32_t>(size);
    return parser.head_bytes_ <= parser.limits_->head_bytes;
  }
  static int on_name(llhttp_t* llhttp, const char* at, std::size_t size) noexcept {
    H1Parser& parser = of(llhttp);
    const bool added = fits(parser, size) && parser.head_.append_name({at, size});
    return added ? 0 : fail(parser, kHeadTooLarge);
  }
  static int on_value(llhttp_t* llhttp, const char* at, std::size_t size) noexcept {
    H1Parser& parser = of(llhttp);
    const bool added = fits(parser, size) && parser.head_.append_value({at, size});
    return added ? 0 : fail(parser, kHeadTooLarge);
  }
  static int on_value_end(llhttp_t* llhttp) noexcept {
    H1Parser& parser = of(llhttp);
    parser.head_.finish_field();
    return parser.head_.size() <= parser.limits_->fields ? 0 : fail(parser, kTooManyFields);
  }
  static int on_head_end(llhttp_t*) noexcept { return HPE_PAUSED; }
  static int on_body(llhttp_t* llhttp, const char* at, std::size_t size) noexcept {
    of(llhttp).body_ = as_bytes({at, size});
    return HPE_PAUSED;
  }
  static int count_extension(H1Parser& parser, std::size_t size) noexcept {
    parser.extension_bytes_ += static_cast<std::uint32_t>(size);
    const bool is_bearable = parser.extension_bytes_ <= parser.limits_->chunk_extension_bytes;
    return is_bearable ? 0 : fail(parser, {400, "chunk_extension"});
  }
  static int on_extension(llhttp_t* llhttp, const char*, std::size_t size) noexcept {
    return count_extension(of(llhttp), size);
  }
  static int on_extension_end(llhttp_t* llhttp) noexcept { return count_extension(of(llhttp), 1); }
  static int on_message_end(llhttp_t* llhttp) noexcept {
    of(llhttp).complete_ = true;
    return HPE_PAUSED;
  }

  static llhttp_settings_t settings() noexcept {
    llhttp_settings_t all;
    llhttp_settings_init(&all);
    all.on_header_field = on_name;
    all.on_header_value = on_value;
    all.on_header_value_complete = on_value_end;
    all.on_headers_complete = on_head_end;
    all.on_body = on_body;
    all.on_chunk_extension_name = on_extension;
    all.on_chunk_extension_value = on_extension;
    all.on_chunk_extension_name_complete = on_extension_end;
    all.on_chunk_extension_value_complete = on_extension_end;
    all.on_message_complete = on_message_end;
    return all;
  }

  // llhttp as it stands after a start line. Fields and chunks read the same after any, so the real
  // one, which is read here, is never shown to it; responses are read as requests too.
  static const llhttp_t& after_start_line() noexcept {
    static const llhttp_settings_t all_callbacks = settings();
    static const llhttp_t ready = [] {
      llhttp_t llhttp;
      llhttp_init(&llhttp, HTTP_REQUEST, &all_callbacks);
      constexpr std::string_view kAnyLine = "GET / HTTP/1.1\r\n";
      llhttp_execute(&llhttp, kAnyLine.data(), kAnyLine.size());
      return llhttp;
    }();
    return ready;
  }
};

H1Parser::H1Parser(Kind kind, BlockPool& pool, const H1Limits& limits) noexcept
    : llhttp_(Callbacks::after_start_line()),
      limits_(&limits),
      pool_(&pool),
      kind_(kind),
      head_(pool, limits.head_bytes + kRoomForMore) {}

H1Parser::~H1Parser() { drop_line(); }

void H1Parser::begin(Answering answering) noexcept {
  drop_line();
  head_.release();
  head_bytes_ = extension_bytes_ = 0;
  state_ = State::start;
  answering_ = answering;
  line_break_skipped_ = paused_ = complete_ = in_chunks_ = false;
  shape_ = {};
  fault_ = {};
  body_ = {};
}

H1Parser::Step H1Parser::next(Bytes& input) noexcept {
  switch (state_) {
    case State::start: return read_start_line(input);
    case State::fields: return read_fields(input);
    case State::body: return read_body(input);
    case State::chunks: return read_chunks(input);
    case State::trailers:
      head_.release();
      state_ = State::done;
      return Step::end;
    case State::done: return Step::more;
    case State::fault: return Step::fault;
  }
  return Step::fault;
}

H1Parser::Step H1Parser::finish() noexcept {
  switch (state_) {
    case State::start: return is_idle() ? Step::more : refuse(kCutShort);
    case State::body:
      if (shape_.framing == Framing::length && left_ != 0) return refuse(kCutShort);
      state_ = State::done;
      return Step::end;
    case State::trailers: state_ = State::done; return Step::end;
    case State::done: return Step::more;
    case State::fields:
    case State::chunks: return refuse(kCutShort);
    case State::fault: return Step::fault;
  }
  return Step::fault;
}

H1Parser::Step H1Parser::refuse(H1Fault fault) noexcept {
  drop_line();
  head_.release();
  state_ = State::fault;
  fault_ = fault;
  return Step::fault;
}

H1Parser::Step H1Parser::read_start_line(Bytes& input) noexcept {
  while (!input.empty()) {
    const void* found = std::memchr(input.data(), '\n', input.size());
    const auto* line_end = static_cast<const std::uint8_t*>(found);
    const std::size_t size =
        found == nullptr ? input.size() : static_cast<std::size_t>(line_end - input.data()) + 1;
    const Bytes part = input.first(size);
    input = input.subspan(size);
    head_bytes_ += static_cast<std::uint32_t>(size);
    const bool is_whole = line_size_ == 0 && found != nullptr;
    if (head_bytes_ > limits_->line_bytes + 2) return refuse({414, "line_too_long"});
    if (!is_whole) keep_line(part);
    if (found == nullptr) return Step::more;

    const Step step =
        take_start_line(is_whole ? as_text(part) : std::string_view(line_, line_size_));
    drop_line();
    if (step == Step::fault) return step;
    if (state_ == State::fields) return read_fields(input);
  }
  return Step::more;
}

// Collects a start line that arrives in pieces.
void H1Parser::keep_line(Bytes part) noexcept {
  constexpr std::size_t kFirst = 256;
  const std::size_t size = line_size_ + part.size();
  if (line_ == nullptr || BlockPool::usable_size(line_) < size)
    line_ = static_cast<char*>(pool_->reallocate(line_, std::max(kFirst, 2 * size)));
  std::memcpy(line_ + line_size_, part.data(), part.size());
  line_size_ = static_cast<std::uint32_t>(size);
}

void H1Parser::drop_line() noexcept {
  pool_->free(std::exchange(line_, nullptr));
  line_size_ = 0;
}

// `line` with its line break. Moves on to the fields, or stays at the start after an empty line:
// one is forgiven (RFC 9112 section 2.2; servers err likewise after 100).
H1Parser::Step H1Parser::take_start_line(std::string_view line) noexcept {
  if (!line.ends_with("\r\n")) return refuse({400, "bare_lf"});
  line.remove_suffix(2);
  if (line.empty() && !std::exchange(line_break_skipped_, true)) {
    head_bytes_ = 0;
    return Step::more;
  }
  const H1Fault fault =
      kind_ == Kind::request ? read_request_line(line, head_) : read_status_line(line, head_);
  if (fault) return refuse(fault);
  llhttp_ = Callbacks::after_start_line();
  llhttp_.data = this;
  last_byte_ = '\n';
  state_ = State::fields;
  return Step::more;
}

H1Parser::Step H1Parser::read_fields(Bytes& input) noexcept {
  const std::size_t room =
      limits_->head_bytes - std::min<std::size_t>(limits_->head_bytes, head_bytes_);
  const std::size_t size = std::min(room, input.size());
  const llhttp_errno_t error = execute(input, size);
  if (error == HPE_PAUSED) return finish_head();
  if (error != HPE_OK) return Step::fault;
  head_bytes_ += static_cast<std::uint32_t>(size);
  return head_bytes_ >= limits_->head_bytes ? refuse(kHeadTooLarge) : Step::more;
}

// Runs llhttp over the first `size` bytes of the input and takes what it used. Any error but a
// pause is refused here.
llhttp_errno_t H1Parser::execute(Bytes& input, std::size_t size) noexcept {
  const char* data = as_text(input).data();
  const llhttp_errno_t error = llhttp_execute(&llhttp_, data, size);
  if (error == HPE_OK) {
    if (size != 0) last_byte_ = input[size - 1];
    input = input.subspan(size);
  } else if (error == HPE_PAUSED) {
    paused_ = true;
    input = input.subspan(static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - data));
  } else if (fault_) {
    refuse(fault_);
  } else {
    const char* at = llhttp_get_error_pos(&llhttp_);
    H1Refusal refusal{
        .error = error, .text = llhttp_get_error_reason(&llhttp_), .previous = last_byte_};
    if (at >= data && at < data + size) refusal.byte = static_cast<unsigned char>(*at);
    if (at > data && at <= data + size) refusal.previous = static_cast<unsigned char>(at[-1]);
    refusal.in_trailers = state_ == State::chunks && (llhttp_.flags & F_TRAILING) != 0;
    refuse(fault_of(refusal));
  }
  return error;
}

H1Parser::Step H1Parser::finish_head() noexcept {
  shape_ = kind_ == Kind::request ? shape_of_request(head_) : shape_of_response(head_, answering_);
  if (shape_.fault) return refuse(shape_.fault);
  left_ = shape_.length;
  head_bytes_ = 0;
  state_ = shape_.framing == Framing::chunked ? State::chunks : State::body;
  // llhttp read the same fields: if it would frame them otherwise, neither reading is safe.
  const bool agrees = shape_.framing == Framing::chunked  ? (llhttp_.flags & F_CHUNKED) != 0
                      : shape_.framing == Framing::length ? llhttp_.content_length == shape_.length
                                                          : true;
  return agrees ? Step::head : refuse({400, "framing"});
}

H1Parser::Step H1Parser::read_body(Bytes& input) noexcept {
  head_.release();
  const bool is_counted = shape_.framing == Framing::length;
  if (shape_.framing == Framing::none || (is_counted && left_ == 0)) {
    state_ = State::done;
    return Step::end;
  }
  if (input.empty()) return Step::more;
  const std::size_t size =
      is_counted ? static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()))
                 : input.size();
  body_ = input.first(size);
  input = input.subspan(size);
  if (is_counted) left_ -= size;
  return Step::body;
}

H1Parser::Step H1Parser::read_chunks(Bytes& input) noexcept {
  if (!std::exchange(in_chunks_, true)) head_.release();
  while (!input.empty()) {
    if (std::exchange(paused_, false)) llhttp_resume(&llhttp_);
    body_ = {};
    const llhttp_errno_t error = execute(input, input.size());
    if (error == HPE_OK) return Step::more;
    if (error != HPE_PAUSED) return Step::fault;
    if (complete_) return finish_chunks();
    if (!body_.empty()) return Step::body;
  }
  return Step::more;
}

H1Parser::Step H1Parser::finish_chunks() noexcept {
  if (head_.size() == 0) {
    state_ = State::done;
    return Step::end;
  }
  for (std::size_t i = 0; i < head_.size(); ++i)
    if (!is_allowed_trailer(head_[i].token)) return refuse({400, "trailer_field"});
  state_ = State::trailers;
  return Step::trailers;
}

}  // namespace mesh::http
