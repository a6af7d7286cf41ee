# SPDX-License-Identifier: GPL-2.0
"""Programs known in the field, on kgc and on its rivals in the same guest.

One boot, instructions counted: the kernel ports of kmod/bench/programs.c, then
the same in Go, on the Boehm collector, and with malloc() and free() by hand.
"""
import os
import subprocess
import sys

import suites

PROGRAMS = ("ring", "trees", "gcbench")
SOURCES = os.path.join(suites.HERE, "rivals")
BUILD = os.path.join(suites.TOP, "build", "bench", "rivals")
STATIC = ["gcc", "-O2", "-static"]
C = os.path.join(SOURCES, "programs.c")


def commands():
    """How each rival is built: name, command, environment."""
    def out(name):
        return os.path.join(BUILD, name)
    yield "go", ["go", "build", "-o", out("go"),
                 os.path.join(SOURCES, "programs.go")], {"CGO_ENABLED": "0"}
    yield "boehm", [*STATIC, "-DBOEHM", C, "-o", out("boehm"), "-lgc",
                    "-lpthread"], {}
    yield "malloc", [*STATIC, C, "-o", out("malloc")], {}
    yield "mimalloc", ["gcc", "-O2", '-DSUBJECT="mimalloc"', C,
                       "-o", out("mimalloc"), "-lmimalloc"], {}


def build():
    """The rivals there are tools for."""
    os.makedirs(BUILD, exist_ok=True)
    built = []
    for name, command, environment in commands():
        try:
            run = subprocess.run(command, check=False, text=True,
                                 env={**os.environ, **environment},
                                 stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT)
        except FileNotFoundError:
            suites.say("MISSING", f"{command[0]}: no results for {name}")
            continue
        if run.returncode:
            suites.say("MISSING", f"{name} does not build: " +
                       run.stdout.strip().split("\n")[-1])
            continue
        built.append(name)
    return built


def check(results):
    """All did the same work."""
    for program in PROGRAMS:
        sums = {r["subject"]: r["value"] for r in results
                if r["bench"] == program and r["metric"] == "checksum"}
        if len(set(sums.values())) > 1:
            sys.exit(f"{program}: results differ: {sums}")


def run():
    rivals = build()
    suites.build(suites.KERNEL)
    suites.say("BENCH", "rivals: known programs against " + ", ".join(rivals))
    files = ["selftests/bench/guest"] + \
        [f"build/{suites.KERNEL}/{m}.ko" for m in ("kgc", "kgc_bench")] + \
        [os.path.join("build", "bench", "rivals", r) for r in rivals]
    command = "sh guest " + " ".join(PROGRAMS) + "; " + "; ".join(
        f"./{r} {p}" for p in PROGRAMS for r in rivals)
    lines, _ = suites.boot(suites.KERNEL, ["-n", "-m", "1500", "-t", "900"],
                           files, command)
    check([x for x in lines if "metric" in x])
    return suites.keep("rivals", "known programs and rivals", lines)


def load():
    return suites.load("rivals")


def need():
    return load() or run()
