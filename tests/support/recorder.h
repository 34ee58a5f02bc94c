#pragma once
// Recorder: StreamEvents that remembers what it saw.

#include <optional>
#include <string>

#include "meshkit/net/stream.h"

namespace mesh::test {

class Recorder final : public net::StreamEvents {
 public:
  void on_data(MutableBytes bytes) override {
    ++data_calls;
    if (closed || ended) event_after_end = true;
    received.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  void on_end() override {
    if (closed || ended) event_after_end = true;
    ended = true;
  }
  void on_closed(const Error& error) override {
    if (closed) event_after_end = true;
    closed = error;
  }
  void on_drained() override {
    if (closed) event_after_end = true;
    ++drained;
  }

  std::string received;
  int data_calls = 0;
  int drained = 0;
  bool ended = false;
  std::optional<Error> closed;
  bool event_after_end = false;  // broke a promise of net/stream.h
};

}  // namespace mesh::test
