#include "meshkit/base/env.h"

#include <unistd.h>

#include <algorithm>

namespace mesh {
namespace {

void order_by_name(std::vector<Environment::Variable>& variables) {
  std::sort(variables.begin(), variables.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
}

}  // namespace

std::optional<std::string_view> SystemEnvironment::value(std::string_view name) const {
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    if (variable.size() > name.size() && variable.starts_with(name) &&
        variable[name.size()] == '=') {
      return variable.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

std::vector<Environment::Variable> SystemEnvironment::all() const {
  std::vector<Variable> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    const std::size_t equals = variable.find('=');
    if (equals == std::string_view::npos) continue;
    variables.push_back({variable.substr(0, equals), variable.substr(equals + 1)});
  }
  order_by_name(variables);
  return variables;
}

FixedEnvironment::FixedEnvironment(std::vector<std::pair<std::string, std::string>> variables)
    : variables_(std::move(variables)) {}

void FixedEnvironment::set(std::string_view name, std::string_view value) {
  remove(name);
  variables_.emplace_back(name, value);
}

void FixedEnvironment::remove(std::string_view name) {
  std::erase_if(variables_, [name](const auto& variable) { return variable.first == name; });
}

std::optional<std::string_view> FixedEnvironment::value(std::string_view name) const {
  for (const auto& [its_name, its_value] : variables_) {
    if (its_name == name) return its_value;
  }
  return std::nullopt;
}

std::vector<Environment::Variable> FixedEnvironment::all() const {
  std::vector<Variable> variables;
  for (const auto& [name, value] : variables_) variables.push_back({name, value});
  order_by_name(variables);
  return variables;
}

}  // namespace mesh
