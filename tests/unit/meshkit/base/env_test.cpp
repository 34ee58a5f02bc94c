#include "meshkit/base/env.h"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace mesh;

TEST_SUITE("base/env") {
  TEST_CASE("reads this process's variables, whole names only") {
    REQUIRE(::setenv("MESH_ENV_TEST", "a=b", 1) == 0);
    const SystemEnvironment environment;

    CHECK(environment.value("MESH_ENV_TEST") == "a=b");
    CHECK_FALSE(environment.value("MESH_ENV_TES"));
    CHECK_FALSE(environment.value("MESH_ENV_TEST_"));
    CHECK_FALSE(environment.value(""));
  }

  TEST_CASE("lists variables by name") {
    FixedEnvironment environment({{"B", "1"}, {"A", ""}});
    environment.set("B", "2");

    const auto all = environment.all();

    REQUIRE(all.size() == 2);
    CHECK(all[0].name == "A");
    CHECK(all[1].value == "2");
    environment.remove("A");
    CHECK_FALSE(environment.value("A"));
  }
}
