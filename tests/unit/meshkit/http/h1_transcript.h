#pragma once
// For tests of the HTTP/1 parser: what it tells of some bytes, as text.

#include <algorithm>
#include <string>
#include <string_view>

#include "meshkit/http/h1_parser.h"

namespace mesh::http::h1test {

// One line an event: "GET /path [name=value ...] framing", "200 ...", "body: ...", "trailers ...",
// "end", "fault 400 reason". Adjoining body spans show as one. `piece` bytes are given at a time;
// the connection ends after the last.
class Transcript {
 public:
  Transcript(H1Parser::Kind kind, std::string_view bytes, std::size_t piece,
             Answering answering = Answering::plain, const H1Limits& limits = {})
      : limits_(limits), parser_(kind, pool_, limits_), answering_(answering) {
    parser_.begin(answering_);
    while (!bytes.empty() && !stopped_) {
      const std::string part(bytes.substr(0, piece));  // of its own, so that overreads show
      bytes.remove_prefix(part.size());
      Bytes input = as_bytes(part);
      while (!stopped_) {
        const H1Parser::Step step = parser_.next(input);
        if (step == H1Parser::Step::more) break;
        note(step);
      }
    }
    if (!stopped_) note(parser_.finish());
  }

  const std::string& text() const { return text_; }

 private:
  void note(H1Parser::Step step) {
    if (step != H1Parser::Step::body) in_body_ = false;
    switch (step) {
      case H1Parser::Step::more: return;
      case H1Parser::Step::head: return note_head();
      case H1Parser::Step::body: return note_body();
      case H1Parser::Step::trailers: note_fields("trailers"); return end_line();
      case H1Parser::Step::end: return note_end();
      case H1Parser::Step::fault:
        text_ += "fault " + std::to_string(parser_.fault().status) + " " + parser_.fault().reason;
        stopped_ = true;
        return end_line();
    }
  }
  void note_head() {
    const Head& head = parser_.head();
    if (head.status != 0) {
      note_fields(std::to_string(head.status));
    } else {
      note_fields(std::string(head.method()) + " " + std::string(head.path()) +
                  std::string(head.authority()));
    }
    constexpr const char* kNames[] = {"none", "length", "chunked", "until_end", "tunnel"};
    text_ += std::string(" ") + kNames[static_cast<int>(parser_.framing())];
    if (!parser_.keep_alive()) text_ += " close";
    end_line();
  }
  void note_fields(const std::string& first) {
    text_ += first;
    const Head& head = parser_.head();
    for (std::size_t i = 0; i < head.size(); ++i)
      text_.append(" ").append(head[i].name).append("=").append(head[i].value);
  }
  void note_body() {
    if (!in_body_) text_ += "body: \n";
    in_body_ = true;
    text_.insert(text_.size() - 1, as_text(parser_.body()));
  }
  void note_end() {
    text_ += "end\n";
    if (parser_.keep_alive())
      parser_.begin(answering_);
    else
      stopped_ = true;
  }
  void end_line() { text_ += "\n"; }

  BlockPool pool_;
  H1Limits limits_;
  H1Parser parser_;
  Answering answering_;
  std::string text_;
  bool in_body_ = false;
  bool stopped_ = false;
};

// The transcript, which must be the same however the bytes arrive; "differs ..." if it is not.
inline std::string transcript(H1Parser::Kind kind, std::string_view bytes,
                              Answering answering = Answering::plain, const H1Limits& limits = {}) {
  const std::string whole = Transcript(kind, bytes, bytes.size() + 1, answering, limits).text();
  for (const std::size_t piece : {1u, 2u, 3u, 5u, 16u}) {
    const std::string split = Transcript(kind, bytes, piece, answering, limits).text();
    if (split != whole) return "differs in pieces of " + std::to_string(piece) + ":\n" + split;
  }
  return whole;
}

inline std::string requests(std::string_view bytes, const H1Limits& limits = {}) {
  return transcript(H1Parser::Kind::request, bytes, Answering::plain, limits);
}
inline std::string responses(std::string_view bytes, Answering answering = Answering::plain) {
  return transcript(H1Parser::Kind::response, bytes, answering);
}

}  // namespace mesh::http::h1test
