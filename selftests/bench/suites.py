# SPDX-License-Identifier: GPL-2.0
"""Suites of benchmarks: what runs in which guest, and how results are kept.

A suite is one boot of one kernel. Its results go to build/bench/SUITE.json
with all that they depend on; they stand for as long as the sources of the
module and of the suite are what they were.
"""
import datetime
import hashlib
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
OUT = os.path.join(TOP, "build", "bench")

KERNEL = os.environ.get("BENCH_KERNEL", "stock-6.1")

SHARE = [f"share work={work} gogc={gogc}"
         for gogc in (200, 100, 50) for work in (2000, 500, 100)]

# name: (kernel, boot options, lines for the guest, what it is about)
SUITES = {
    "paths": (KERNEL, ["-n", "-t", "400"], [
        "alloc", "bulk", "refill", "section", "store", "slab", "rcu",
        "life", "cycle n=100000", "sweep", "idle", "wakeups 60",
    ], "single paths and whole lives, instructions counted"),
    "large": (KERNEL, ["-n", "-t", "400", "-m", "1500"], [
        "cycle n=10000", "cycle n=1000000", "paced",
    ], "cycles over small and large heaps, instructions counted"),
    "memory": (KERNEL, ["-n", "-t", "900"], [
        "meta types=1", "counters meta", "meta types=8", "counters meta",
        "churn", "counters churn", "sparse", "counters sparse",
    ], "what heaps weigh"),
    "share": (KERNEL, ["-n", "-t", "1500"], SHARE,
              "throughput lost to collection, instructions counted"),
    "gogc": ("uml", ["-c", "2", "-t", "900", "-m", "1500"], [
        f"gogc gogc={g} n=500000" for g in (25, 50, 100, 200, 400, 800)
    ], "cycles and peak memory by GOGC, wall time"),
    "latency": (KERNEL, ["-c", "2", "-t", "600"], ["step steps=2000000"],
                "steps of a mutator beside the collector, two CPUs"),
    "scale": (KERNEL, ["-c", "2", "-t", "600"], ["scale n=200000"],
              "allocation on two CPUs"),
    "native": ("uml", ["-c", "2", "-t", "600", "-m", "1500"], [
        "alloc", "section", "store", "slab", "rcu", "life",
        "cycle n=100000", "scale", "step steps=1000000",
    ], "the same in User-mode Linux, wall time"),
}
COUNTED = ("paths", "large", "memory", "share", "rivals")


def output(*command):
    return subprocess.run(command, cwd=TOP, check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def say(word, text):
    print(f"  {word:<8}{text}", file=sys.stderr, flush=True)


def fingerprint():
    """A digest of everything a figure depends on but the machine."""
    digest = hashlib.sha256()
    files = output("git", "ls-files", "-co", "--exclude-standard", "--",
                   "Kbuild", "kmod", "uapi", "selftests/bench/guest",
                   "selftests/bench/suites.py", "selftests/bench/programs.py",
                   "selftests/bench/rivals").split("\n")
    for name in sorted(files):
        path = os.path.join(TOP, name)
        if not os.path.isfile(path):
            continue
        digest.update(name.encode() + b"\0")
        with open(path, "rb") as f:
            digest.update(f.read())
    return digest.hexdigest()[:16]


def path_of(suite):
    return os.path.join(OUT, suite + ".json")


def load(suite):
    """Results of the suite for these sources, or None."""
    try:
        with open(path_of(suite), encoding="utf-8") as f:
            found = json.load(f)
    except (OSError, ValueError):
        return None
    return found if found["sources"] == fingerprint() else None


def build(kernel):
    log = os.path.join(TOP, "build", "log", f"bench-{kernel}.log")
    os.makedirs(os.path.dirname(log), exist_ok=True)
    with open(log, "w", encoding="utf-8") as f:
        if subprocess.run(["vm-images/module", kernel], cwd=TOP, stdout=f,
                          stderr=subprocess.STDOUT, check=False).returncode:
            sys.exit(f"could not build for {kernel}, the log is {log}")


def describe(kernel):
    """What the results are of."""
    directory = output("vm-images/kernel", kernel)
    with open(os.path.join(directory, "config"), "rb") as f:
        config = hashlib.sha256(f.read()).hexdigest()[:12]
    return {
        "kernel": kernel,
        "config": config,
        "compiler": output("gcc", "--version").split("\n")[0],
        "commit": output("git", "describe", "--always", "--dirty"),
        "sources": fingerprint(),
        "date": datetime.datetime.now().isoformat(timespec="seconds"),
        "load": os.getloadavg()[0],
    }


def boot(kernel, options, files, command):
    """Lines of JSON from a guest, and whether its command succeeded."""
    arguments = ["vm-images/boot", *options]
    for name in files:
        arguments += ["-f", name]
    arguments += [kernel, "--", command]
    run = subprocess.run(arguments, cwd=TOP, text=True, check=False,
                         stdout=subprocess.PIPE)
    lines = []
    for line in run.stdout.split("\n"):
        if line.startswith("{"):
            lines.append(json.loads(line))
        elif line.strip():
            print("#", line, file=sys.stderr)
    return lines, run.returncode


def keep(suite, about, lines):
    found = describe(SUITES[suite][0] if suite in SUITES else KERNEL)
    found["suite"] = suite
    found["about"] = about
    found["unit of time"] = ("instructions" if suite in COUNTED else
                             "nanoseconds")
    found["failed"] = [x["failed"] for x in lines if "failed" in x]
    found["results"] = [x for x in lines if "metric" in x]
    for line in lines:
        if "release" in line:
            found.update(line)
    os.makedirs(OUT, exist_ok=True)
    with open(path_of(suite), "w", encoding="utf-8") as f:
        json.dump(found, f, indent=1)
        f.write("\n")
    return found


def run(suite):
    kernel, options, lines, about = SUITES[suite]
    build(kernel)
    say("BENCH", f"{suite}: {about} ({kernel})")
    command = "sh guest " + " ".join(f"'{x}'" for x in lines)
    files = ["selftests/bench/guest", f"build/{kernel}/kgc.ko",
             f"build/{kernel}/kgc_bench.ko"]
    results, status = boot(kernel, options, files, command)
    found = keep(suite, about, results)
    if status or found["failed"]:
        say("FAILED", f"{suite}: status {status}, {found['failed']}")
    return found


def need(suite):
    """Results of the suite, running it if there are none for these sources."""
    return load(suite) or run(suite)


def value(found, bench, subject, metric, parameters=""):
    """One figure, or None."""
    for r in (found or {}).get("results", []):
        if (r["bench"], r["subject"], r["metric"], r["parameters"]) == \
           (bench, subject, metric, parameters):
            return r["value"]
    return None
