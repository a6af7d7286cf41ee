# SPDX-License-Identifier: GPL-2.0
"""The rivals: the programs of selftests/bench/kmod/ on other allocators and collectors.

In C, rivals compile loads.c and threads.c unchanged, on the interface of rivals/shim.h.
The programs of T12 are written in plain C. Go has all of them again. Equal checksums show
that all rivals did the same work.
"""
import os
import subprocess

SUBJECTS = ("go", "boehm", "malloc", "mimalloc")
SOURCES = ("program", "loads", "threads")


def command(top, name, to):
    """Return: the command that builds a rival, and its environment."""
    here = os.path.join(top, "selftests", "bench", "rivals")
    c = ["gcc", "-std=gnu11", "-O2", "-Wall", "-Werror", "-D_GNU_SOURCE",
         "-I", here, "-I", os.path.join(top, "selftests", "bench", "kmod"),
         *(os.path.join(top, "selftests", "bench", "kmod", s + ".c") for s in SOURCES),
         os.path.join(here, "programs.c"), os.path.join(here, "shim.c"),
         "-o", to]
    if name == "go":
        return (["go", "build", "-o", to, os.path.join(here, "programs.go"),
                 os.path.join(here, "loads.go")], {"CGO_ENABLED": "0"})
    if name == "boehm":
        return [*c, "-static", "-DBOEHM", "-lgc", "-lpthread"], {}
    if name == "mimalloc":
        # Debian has no static library of mimalloc
        return [*c, '-DBENCH_SUBJECT="mimalloc"', "-lmimalloc",
                "-lpthread"], {}
    return [*c, "-static", "-lpthread"], {}


def build(top, names, say):
    """Build the rivals whose tools are installed. Return: their names."""
    directory = os.path.join(top, "build", "bench", "rivals")
    os.makedirs(directory, exist_ok=True)
    built = []
    for name in names:
        arguments, environment = command(top, name,
                                         os.path.join(directory, name))
        try:
            run = subprocess.run(arguments, check=False, text=True,
                                 env={**os.environ, **environment},
                                 stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT)
        except FileNotFoundError:
            say("SKIP", f"{arguments[0]} is missing: no results for {name}")
            continue
        if run.returncode:
            say("SKIP", f"{name} does not build: " +
                run.stdout.strip().split("\n")[-1])
            continue
        built.append(name)
    return built
