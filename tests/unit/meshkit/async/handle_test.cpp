#include "meshkit/async/handle.h"

#include <doctest/doctest.h>

#include "meshkit/async/loop.h"

namespace mesh {
namespace {

struct Block {
  uv_timer_t handle;
};

uv_timer_t* start(Loop& loop, Handle<Block>& handle, int& fired) {
  uv_timer_t* timer = &handle.create(&fired)->handle;
  uv_timer_init(loop.raw(), timer);
  uv_timer_start(
      timer,
      [](uv_timer_t* t) {
        if (t->data != nullptr) ++*static_cast<int*>(t->data);
      },
      0, 0);
  return timer;
}

// Each of these leaves its loop without open handles, or ~Loop would abort.
TEST_SUITE("async/handle") {
  TEST_CASE("destroying it cancels what it waits for") {
    Loop loop;
    int fired = 0;
    {
      Handle<Block> handle;
      start(loop, handle, fired);
    }
    loop.run();

    CHECK(fired == 0);
  }

  TEST_CASE("moves, keeping the address that libuv knows") {
    Loop loop;
    int fired = 0;
    Handle<Block> first;
    const uv_timer_t* timer = start(loop, first, fired);

    Handle<Block> second(std::move(first));
    CHECK_FALSE(first);
    CHECK(&second->handle == timer);
    Handle<Block> third;
    int other = 0;
    start(loop, third, other);
    third = std::move(second);
    loop.run();

    CHECK(fired == 1);
    CHECK(other == 0);
  }

  TEST_CASE("closing twice, or what was never made, does nothing") {
    Loop loop;
    Handle<Block> handle;
    handle.close();
    int fired = 0;
    start(loop, handle, fired);
    handle.close();
    handle.close();
    CHECK_FALSE(handle);
  }

  TEST_CASE("a block that libuv refused is only freed") {
    Handle<Block> handle;
    handle.create(nullptr);
    handle.discard();
    CHECK_FALSE(handle);
  }
}

}  // namespace
}  // namespace mesh
