#pragma once
// Reactor: StreamEvents that does something when an event comes.

#include <optional>
#include <string>

#include "meshkit/base/callback.h"
#include "meshkit/net/stream.h"

namespace mesh::test {

struct Reactor final : net::StreamEvents {
  void on_data(MutableBytes bytes) override {
    seen.append(as_text(bytes));
    if (data) data(bytes);
  }
  void on_end() override {
    if (end) end();
  }
  void on_closed(const Error& error) override {
    closed = error;
    if (close) close();
  }
  void on_drained() override {
    if (drained) drained();
  }
  std::string seen;
  std::optional<Error> closed;
  Callback<void(MutableBytes)> data;
  Callback<void()> end;
  Callback<void()> close;
  Callback<void()> drained;
};

}  // namespace mesh::test
