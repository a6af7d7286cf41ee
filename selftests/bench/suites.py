# SPDX-License-Identifier: GPL-2.0
"""Suites of benchmarks: what runs in which guest, and how results are kept.

A suite is one boot of one kernel. Its results go to build/bench/SUITE.json with all that
they depend on. They are valid until the sources of the module or of the suite, the
kernel, the compiler or the emulator change.
"""
import datetime
import functools
import hashlib
import json
import os
import re
import subprocess
import sys
import time

import rivals

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
OUT = os.path.join(TOP, "build", "bench")

KERNEL = os.environ.get("BENCH_KERNEL", "stock-6.1")


class Suite:
    """One boot.

    lines: work of the guest, see selftests/bench/guest
    about: description
    kernel, options: arguments of vm-images/boot
    counted: guest time counts instructions
    beside: rivals that it needs
    """

    def __init__(self, about, lines, options, kernel=KERNEL, counted=True,
                 beside=()):
        self.about = about
        self.lines = lines
        self.kernel = kernel
        self.options = (["-n"] if counted else ["-c", "2"]) + options
        self.counted = counted
        self.beside = beside


def programs(*names):
    """Return: each program on kgc, then on every rival."""
    return [subject + name for name in names
            for subject in ["", *(f"./{r} " for r in rivals.SUBJECTS)]]


def through_device(*names):
    """Return: each program through /dev/kgc, then in a process without kgc."""
    return [subject + name for name in names
            for subject in ("kgcctl bench --json ", "./malloc ", "./boehm ")]


SUITES = {
    "paths": Suite("single paths and whole lives", [
        "alloc", "bulk", "refill", "harden", "section", "store", "slab", "rcu",
        "life", "counted", "cycle n=100000", "sweep", "idle", "wakeups 60",
        "spans n=10000 rounds=11",
    ], ["-t", "400"]),
    "large": Suite("cycles over 10^4 to 10^7 objects, 10^2 to 10^5 spans", [
        "cycle n=10000", "cycle n=1000000", "cycle n=10000000 cycles=3",
        "paced",
        "spans n=100", "pageheap spans", "spans n=1000", "pageheap spans",
        "spans n=10000", "pageheap spans", "spans n=100000 rounds=11",
        "pageheap spans",
    ], ["-t", "900", "-m", "2500"]),
    "memory": Suite("what heaps weigh", [
        "meta types=1", "counters meta", "meta types=8", "counters meta",
        "churn", "counters churn", "sparse", "counters sparse",
    ], ["-t", "600"]),
    "share": Suite("throughput lost to collection", [
        f"share work={work} gogc={gogc}"
        for gogc in (200, 100, 50) for work in (2000, 500, 100)
    ], ["-t", "900"]),
    "gogc": Suite("cycles, peak and longest step by GOGC", [
        f"gogc gogc={g}" for g in (25, 50, 100, 200, 400, 800)
    ], ["-t", "900", "-m", "2000"]),
    "rivals": Suite("known programs and rivals",
                    programs("ring", "trees", "gcbench"),
                    ["-t", "900", "-m", "2500"], beside=rivals.SUBJECTS),
    "loads": Suite("loads of services and rivals",
                   programs("parse", "lasting", "requests", "mixed", "larson",
                            "xmalloc", "handoff"),
                   ["-t", "900", "-m", "2500"], beside=rivals.SUBJECTS),
    "ring": Suite("5 M messages through a ring of 200 k, and rivals",
                  programs("ring n=5000000 ring=200000"),
                  ["-t", "900", "-m", "4000"], beside=rivals.SUBJECTS),
    "device": Suite("the programs through /dev/kgc", [
        "kgcctl bench --json gogc gogc=50",
        "kgcctl bench --json gogc gogc=100",
        "kgcctl bench --json gogc gogc=200",
    ] + through_device("ring n=100000 ring=20000", "trees depth=10",
                       "gcbench depth=8", "parse n=10",
                       "lasting n=50000 size=20000",
                       "requests n=30000 size=5000",
                       "mixed n=50000 live=10000",
                       "larson n=5000 slots=1000", "xmalloc n=20000",
                       "handoff n=2000"),
                    ["-t", "900", "-m", "2000"], beside=("malloc", "boehm")),
    "latency": Suite("steps of a mutator beside the collector, two CPUs",
                     ["step steps=2000000"], ["-t", "300"], counted=False),
    "scale": Suite("allocation on two CPUs", ["scale n=400000"],
                   ["-t", "300"], counted=False),
    "align": Suite("the price of alignment, native", ["align"],
                   ["-t", "120"], "uml", counted=False),
    "native": Suite("the same in User-mode Linux", [
        "alloc", "section", "store", "slab", "rcu", "life",
        "cycle n=100000", "scale n=100000", "step steps=500000",
    ], ["-t", "300", "-m", "1500"], "uml", counted=False),
}


# results that do not come from the boot of a guest: see firstrun.py
ASIDE = ("run",)


def output(*command, **more):
    return subprocess.run(command, cwd=TOP, check=True, text=True,
                          stdout=subprocess.PIPE, **more).stdout.strip()


def output_or(otherwise, *command):
    """Return: the output of the command, or @otherwise if it fails."""
    try:
        return output(*command, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return otherwise


def commit():
    return output_or("unknown", "git", "describe", "--always", "--dirty")


def compiler(build):
    """Return: the compiler of a module, as Debian's headers name it, or else gcc."""
    name = "gcc"
    try:
        with open(os.path.join(build, ".kernelvariables"), encoding="utf-8") as f:
            named = re.search(r"^CC\b.*?(gcc-[0-9]+)$", f.read(), re.MULTILINE)
        name = named[1] if named else name
    except FileNotFoundError:
        pass
    return re.sub(r"^\S+", "gcc", output(name, "--version").split("\n")[0])


@functools.cache
def platform(kernel):
    """Return: what a figure depends on apart from the sources."""
    directory = output("vm-images/kernel", kernel)
    with open(os.path.join(directory, "config"), "rb") as f:
        config = hashlib.sha256(f.read()).hexdigest()[:12]
    with open(os.path.join(directory, "release"), encoding="utf-8") as f:
        release = f.read().strip()
    emulator = output_or("", "qemu-system-x86_64", "--version")
    return {
        "kernel": kernel,
        "release": release,
        "config": config,
        "compiler": compiler(os.path.join(directory, "build")),
        "emulator": emulator.split("\n")[0],
    }


def say(word, text):
    print(f"  {word:<8}{text}", file=sys.stderr, flush=True)


def files_below(names):
    """Generate the files, and those in directories, without git: a tarball has none."""
    for name in names:
        if os.path.isfile(os.path.join(TOP, name)):
            yield name
        for directory, _, files in os.walk(os.path.join(TOP, name)):
            for file in files:
                if not file.startswith("."):
                    yield os.path.relpath(os.path.join(directory, file), TOP)


def fingerprint(suite):
    """Return: a digest of all that a figure depends on, the machine apart."""
    digest = hashlib.sha256(suite.encode())
    sources = ["Kbuild", "kmod", "uapi", "selftests/bench/kmod",
               "selftests/bench/common"]
    if suite in SUITES:
        s = SUITES[suite]
        digest.update(repr((s.lines, s.options, platform(s.kernel))).encode())
        sources.append("selftests/bench/guest")
        if s.beside:
            sources += ["selftests/bench/rivals", "selftests/bench/rivals.py"]
        if any(line.startswith("kgcctl") for line in s.lines):
            sources.append("userspace")
    else:
        sources += ["userspace", "vm-images"]
    for name in sorted(files_below(sources)):
        digest.update(name.encode() + b"\0")
        with open(os.path.join(TOP, name), "rb") as f:
            digest.update(f.read())
    return digest.hexdigest()[:16]


def path_of(suite):
    return os.path.join(OUT, suite + ".json")


def load(suite):
    """Return: results of the suite for these sources, or None."""
    try:
        with open(path_of(suite), encoding="utf-8") as f:
            found = json.load(f)
    except (OSError, ValueError):
        return None
    return found if found["sources"] == fingerprint(suite) else None


def build(kernel):
    """Build the module and kgcctl. Return: the files for the guest."""
    log = os.path.join(TOP, "build", "log", f"bench-{kernel}.log")
    os.makedirs(os.path.dirname(log), exist_ok=True)
    with open(log, "w", encoding="utf-8") as f:
        for command in (["vm-images/module", kernel],
                        ["make", "--no-print-directory", "userspace"]):
            if subprocess.run(command, cwd=TOP, stdout=f,
                              stderr=subprocess.STDOUT,
                              check=False).returncode:
                sys.exit(f"could not build for {kernel}, the log is {log}")
    return ["selftests/bench/guest", "build/userspace/bin/kgcctl",
            f"build/{kernel}/kgc.ko", f"build/{kernel}/kgc_bench.ko"]


def save(found):
    os.makedirs(OUT, exist_ok=True)
    with open(path_of(found["suite"]), "w", encoding="utf-8") as f:
        json.dump(found, f, indent=1)
        f.write("\n")


def describe(suite):
    """Return: a description of the results."""
    s = SUITES[suite]
    return {
        "suite": suite,
        "about": s.about,
        **platform(s.kernel),
        "commit": commit(),
        "sources": fingerprint(suite),
        "date": datetime.datetime.now().isoformat(timespec="seconds"),
        "load": os.getloadavg()[0],
        "unit of time": "instructions" if s.counted else "nanoseconds",
    }


def boot(s, files, lines):
    """Generate a guest's lines of JSON as they come, and finally its status."""
    arguments = ["vm-images/boot", *s.options]
    for name in files:
        arguments += ["-f", name]
    arguments += [s.kernel, "--",
                  "sh guest " + " ".join(f"'{x}'" for x in lines)]
    with subprocess.Popen(arguments, cwd=TOP, text=True, errors="replace",
                          stdout=subprocess.PIPE) as guest:
        for line in guest.stdout:
            if line.startswith("{"):
                yield json.loads(line)
            elif line.strip():
                print("#", line.rstrip(), file=sys.stderr)
    yield {"status": guest.returncode}


def agree(results):
    """Check that subjects which did the same work have the same result."""
    sums = {}
    for r in results:
        if r["metric"] == "checksum":
            sums.setdefault((r["bench"], r["parameters"]), {})[
                r["subject"]] = r["value"]
    wrong = {k: v for k, v in sums.items() if len(set(v.values())) > 1}
    if wrong:
        sys.exit(f"results differ: {wrong}")


def run(suite):
    s = SUITES[suite]
    begin = time.time()
    files = build(s.kernel)
    built = rivals.build(TOP, s.beside, say)
    files += [os.path.join("build", "bench", "rivals", r) for r in built]
    lines = [x for x in s.lines if not x.startswith("./") or
             x.split()[0][2:] in built]
    say("BENCH", f"{suite}: {s.about} ({s.kernel})")
    found = describe(suite)
    found["results"], found["failed"], found["skipped"] = [], [], []
    for line in boot(s, files, lines):
        if "begin" in line:
            say("", f"{line['nr']}/{len(lines)} at "
                f"{time.time() - begin:.0f} s: {line['begin']}")
        elif "failed" in line:
            found["failed"].append(line["failed"])
        elif "skipped" in line:
            if line["skipped"] not in found["skipped"]:
                found["skipped"].append(line["skipped"])
                say("SKIP", line["skipped"])
        elif "metric" in line:
            found["results"].append(line)
        else:
            found.update(line)
    found["seconds"] = round(time.time() - begin)
    found["complete"] = not found["status"] and not found["failed"]
    save(found)
    if not found["complete"]:
        say("FAILED", f"{suite}: status {found['status']}, "
            f"{', '.join(found['failed'])}")
    agree(found["results"])
    return found


def need(suite):
    """Return: results of the suite. Run it unless all results for these sources exist."""
    found = load(suite)
    return found if found and found["complete"] else run(suite)


def value(found, bench, subject, metric, parameters=""):
    """Return: one figure, or None."""
    for r in (found or {}).get("results", []):
        if (r["bench"], r["subject"], r["metric"], r["parameters"]) == \
           (bench, subject, metric, parameters):
            return r["value"]
    return None
