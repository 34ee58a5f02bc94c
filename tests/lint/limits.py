"""How long a file or a Python function may be. (clang-tidy measures the C++ functions.)"""

import ast

FILE_LINES = 400
FUNCTION_LINES = 60
MEASURED = (".cpp", ".h", ".py", ".proto", "meson.build", "dev")


def faults(files: dict[str, str]):
    for path, text in files.items():
        length = text.count("\n")
        if path.endswith(MEASURED) and length > FILE_LINES:
            yield f"{path}: {length} lines, {FILE_LINES} at most"
        if path.endswith(".py"):
            yield from function_faults(path, text)


def function_faults(path: str, text: str):
    for node in ast.walk(ast.parse(text, path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = node.end_lineno - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{path}:{node.lineno}: {node.name} has {length} lines, " \
                      f"{FUNCTION_LINES} at most"


GOOD = {"proxy/a.cpp": "\n" * FILE_LINES, "tests/a.py": "def f():\n" + "    pass\n" * 59}
BAD = [
    {"proxy/a.cpp": "\n" * (FILE_LINES + 1)},
    {"tests/a.py": "def f():\n" + "    pass\n" * 60},
]
