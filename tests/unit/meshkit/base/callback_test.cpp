#include "meshkit/base/callback.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace mesh {
namespace {

TEST_SUITE("base/callback") {
  TEST_CASE("calls with arguments and returns the result") {
    Callback<int(int, int)> add = [](int a, int b) { return a + b; };

    CHECK(add(2, 3) == 5);
  }

  TEST_CASE("is empty until it is given something to call") {
    Callback<void()> callback;
    CHECK_FALSE(callback);

    callback = [] {};

    CHECK(callback);
  }

  TEST_CASE("takes arguments that can only be moved") {
    Callback<int(std::unique_ptr<int>)> take = [](std::unique_ptr<int> n) { return *n; };

    CHECK(take(std::make_unique<int>(7)) == 7);
  }

  TEST_CASE("hands references on without copying") {
    Callback<void(std::string&)> append = [](std::string& text) { text += "!"; };
    std::string text = "hello";

    append(text);

    CHECK(text == "hello!");
  }

  TEST_CASE("moving takes the callable along and leaves nothing behind") {
    auto owned = std::make_unique<int>(3);
    Callback<int()> first = [owned = std::move(owned)] { return *owned; };

    Callback<int()> second = std::move(first);

    CHECK_FALSE(first);
    CHECK(second() == 3);
  }

  TEST_CASE("destroys what it holds once, whether reset, replaced or destroyed") {
    auto counted = std::make_shared<int>(0);
    {
      Callback<void()> one = [counted] {};
      Callback<void()> two = [counted] {};
      CHECK(counted.use_count() == 3);
      one = std::move(two);
      CHECK(counted.use_count() == 2);
      one.reset();
      CHECK(counted.use_count() == 1);
      two = [counted] {};
    }
    CHECK(counted.use_count() == 1);
  }

  TEST_CASE("may be moved out of its owner and outlive it while it runs") {
    struct Owner {
      Callback<int()> callback;
    };
    auto owner = std::make_unique<Owner>();
    owner->callback = [&owner, text = std::make_unique<int>(9)] {
      owner.reset();
      return *text;
    };

    Callback<int()> running = std::move(owner->callback);

    CHECK(running() == 9);
    CHECK(owner == nullptr);
  }
}

}  // namespace
}  // namespace mesh
