#!/usr/bin/env python3
"""Compiles FILE as it stands, which must work, and with MUST_FAIL defined, which must not, with an
error that matches the file's line `// expect: REGEX`.

    compile_twice.py COMPILER INCLUDE_FOLDER FILE
"""
import re
import subprocess
import sys


def compile_it(compiler, include, file, *more):
    command = [compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", f"-I{include}", *more, file]
    return subprocess.run(command, capture_output=True, text=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})


def main():
    compiler, include, file = sys.argv[1:]
    with open(file, encoding="utf-8") as text:
        expected = re.search(r"^// expect: (.+)$", text.read(), re.MULTILINE)
    if not expected:
        return f"{file}: has no line '// expect: REGEX'"
    good = compile_it(compiler, include, file)
    if good.returncode != 0:
        return f"{file}: must compile as it stands, but:\n{good.stderr}"
    bad = compile_it(compiler, include, file, "-DMUST_FAIL")
    if bad.returncode == 0:
        return f"{file}: must not compile with MUST_FAIL, but does"
    if not re.search(expected.group(1), bad.stderr):
        return f"{file}: fails for another reason than '{expected.group(1)}':\n{bad.stderr}"
    return 0


if __name__ == "__main__":
    sys.exit(main())
