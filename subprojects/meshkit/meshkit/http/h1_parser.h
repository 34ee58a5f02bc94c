#pragma once
// H1Parser: bytes of one direction of an HTTP/1 connection to heads, body spans and trailers.
//
// The caller pulls: `next` takes bytes from the front of its input until there is something to
// tell. Start lines are read here (any method, strict targets); llhttp in strict mode reads fields
// and chunks; h1_head_rules judges the head as a whole. Nothing ambiguous gets through: h1_fault.h
// lists what is refused. Between messages a parser owns no memory but itself.

#include <llhttp.h>

#include <cstdint>

#include "meshkit/base/block_pool.h"
#include "meshkit/base/bytes.h"
#include "meshkit/http/h1_fault.h"
#include "meshkit/http/h1_framing.h"
#include "meshkit/http/h1_head_rules.h"
#include "meshkit/http/h1_limits.h"
#include "meshkit/http/head.h"

namespace mesh::http {

class H1Parser {
 public:
  enum class Kind : std::uint8_t { request, response };
  enum class Step : std::uint8_t {
    more,      // the input is used up
    head,      // `head`, `framing` and `keep_alive` are set
    body,      // `body` is set; it points into the input
    trailers,  // `head` holds them; `end` follows
    end,       // the message is complete; `begin` the next one
    fault,     // see `fault`; nothing more will come
  };

  // Both must outlive the parser.
  H1Parser(Kind kind, BlockPool& pool, const H1Limits& limits) noexcept;
  H1Parser(const H1Parser&) = delete;
  H1Parser& operator=(const H1Parser&) = delete;
  ~H1Parser();

  // Ready for the next message; a response needs to know what it answers.
  void begin(Answering answering = Answering::plain) noexcept;

  Step next(Bytes& input) noexcept;
  // The peer has ended: `end` if that is how the message ends, `more` between messages, or `fault`.
  Step finish() noexcept;

  // Valid until the next call of next, begin or finish; may be moved from.
  Head& head() noexcept { return head_; }
  Bytes body() const noexcept { return body_; }
  const H1Fault& fault() const noexcept { return fault_; }
  Framing framing() const noexcept { return shape_.framing; }
  bool keep_alive() const noexcept { return shape_.keep_alive; }
  // No bytes of the body will come.
  bool is_bodiless() const noexcept {
    return framing() == Framing::none || (framing() == Framing::length && shape_.length == 0);
  }
  // No byte of the next message has been seen.
  bool is_idle() const noexcept { return state_ == State::start && head_bytes_ == 0; }
  // Between the first byte and the last of a head.
  bool is_in_head() const noexcept {
    return state_ == State::fields || (state_ == State::start && head_bytes_ != 0);
  }

 private:
  enum class State : std::uint8_t { start, fields, body, chunks, trailers, done, fault };
  struct Callbacks;

  Step read_start_line(Bytes& input) noexcept;
  Step take_start_line(std::string_view line) noexcept;
  void keep_line(Bytes part) noexcept;
  void drop_line() noexcept;
  Step read_fields(Bytes& input) noexcept;
  Step finish_head() noexcept;
  Step read_body(Bytes& input) noexcept;
  Step read_chunks(Bytes& input) noexcept;
  Step finish_chunks() noexcept;
  llhttp_errno_t execute(Bytes& input, std::size_t size) noexcept;
  Step refuse(H1Fault fault) noexcept;

  llhttp_t llhttp_;
  const H1Limits* limits_;
  BlockPool* pool_;
  char* line_ = nullptr;  // a start line that came in pieces
  std::uint32_t line_size_ = 0;
  std::uint32_t head_bytes_ = 0;
  std::uint32_t extension_bytes_ = 0;
  Kind kind_;
  std::uint8_t last_byte_ = '\n';  // before the input, for naming faults
  State state_ = State::start;
  Answering answering_ = Answering::plain;
  bool line_break_skipped_ = false;
  bool paused_ = false;    // llhttp waits for llhttp_resume
  bool complete_ = false;  // llhttp saw the end of the chunked body
  bool in_chunks_ = false;
  std::uint64_t left_ = 0;  // Framing::length: bytes to come
  H1Shape shape_;
  H1Fault fault_;
  Bytes body_;
  Head head_;
};

}  // namespace mesh::http
