#include "meshkit/base/intrusive_list.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace mesh {
namespace {

struct OtherTag {};
struct Item : ListLink<>, ListLink<OtherTag> {
  explicit Item(char label) : name(label) {}
  char name;
};
using Items = IntrusiveList<Item>;

std::string names(Items& list) {
  std::string all;
  list.for_each([&](Item& item) { all += item.name; });
  return all;
}

TEST_SUITE("base/intrusive_list") {
  TEST_CASE("keeps the order of its elements") {
    Item a('a'), b('b'), c('c');
    Items list;
    CHECK(list.empty());
    CHECK(list.front() == nullptr);

    list.push_back(b);
    list.push_back(c);
    list.push_front(a);

    CHECK(names(list) == "abc");
    CHECK(list.front() == &a);
    CHECK(list.back() == &c);
  }

  TEST_CASE("an element that is linked already moves") {
    Item a('a'), b('b');
    Items list;
    list.push_back(a);
    list.push_back(b);

    list.push_back(a);

    CHECK(names(list) == "ba");
  }

  TEST_CASE("an element leaves when it is destroyed") {
    Item a('a'), c('c');
    auto b = std::make_unique<Item>('b');
    Items list;
    list.push_back(a);
    list.push_back(*b);
    list.push_back(c);

    b.reset();

    CHECK(names(list) == "ac");
  }

  TEST_CASE("a list that is destroyed lets its elements go") {
    Item a('a');
    {
      Items list;
      list.push_back(a);
    }
    CHECK_FALSE(static_cast<ListLink<>&>(a).is_linked());
  }

  TEST_CASE("an element stands in lists of different tags at once") {
    Item a('a');
    Items one;
    IntrusiveList<Item, OtherTag> other;
    one.push_back(a);
    other.push_back(a);

    CHECK(one.pop_front() == &a);

    CHECK(one.empty());
    CHECK(other.front() == &a);
  }

  TEST_CASE("a visit may unlink the element it is given") {
    Item a('a'), b('b'), c('c');
    Items list;
    for (Item* item : {&a, &b, &c}) list.push_back(*item);

    list.for_each([](Item& item) {
      if (item.name == 'b') static_cast<ListLink<>&>(item).unlink();
    });

    CHECK(names(list) == "ac");
  }
}

}  // namespace
}  // namespace mesh
