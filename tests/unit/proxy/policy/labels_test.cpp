#include "proxy/policy/labels.h"

#include <doctest/doctest.h>

#include <string>

using namespace mesh::policy;

TEST_SUITE("policy/labels") {
  TEST_CASE("keeps each name once, in order") {
    Labels labels;
    labels.set("pod", "web-1");
    labels.set("namespace", "shop");
    labels.set("pod", "web-2");

    REQUIRE(labels.all().size() == 2);
    CHECK(labels.all()[0] == Label{"namespace", "shop"});
    CHECK(labels.all()[1] == Label{"pod", "web-2"});
    CHECK(labels.value("pod") == "web-2");
    CHECK(labels.value("none").empty());
  }

  TEST_CASE("makes names fit for an exposition") {
    Labels labels;
    labels.set("app.kubernetes.io/name", "web");
    labels.set("9lives", "x");

    CHECK(labels.value("app_kubernetes_io_name") == "web");
    CHECK(labels.value("_lives") == "x");
  }

  TEST_CASE("leaves no control or foreign bytes in values") {
    Labels labels;
    labels.set("a", "x\ny\x7f\xc3\xa4");

    CHECK(labels.value("a") == "x_y___");
  }

  TEST_CASE("bounds number and size") {
    Labels labels;
    labels.set("", "nameless");
    labels.set(std::string(1000, 'n'), std::string(1000, 'v'));
    for (int i = 0; i < 100; ++i) labels.set("label_" + std::to_string(i), "x");

    CHECK(labels.all().size() == Labels::kMaxCount);
    for (const Label& label : labels.all()) {
      CHECK(label.name.size() <= Labels::kMaxName);
      CHECK(label.value.size() <= Labels::kMaxValue);
    }
  }

  TEST_CASE("a full set still takes new values of its names") {
    Labels labels;
    for (int i = 0; i < 100; ++i) labels.set("label_" + std::to_string(i), "old");
    labels.set("label_0", "new");

    CHECK(labels.value("label_0") == "new");
  }
}
