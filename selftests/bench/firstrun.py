# SPDX-License-Identifier: GPL-2.0
"""T13: time 'make run' from a fresh clone with an empty cache, and once more.

The time includes the packages that apt installs first only if they are missing here.
"""
import datetime
import os
import subprocess
import tempfile
import time

import suites


def timed(directory, cache):
    begin = time.time()
    made = subprocess.run(["make", "run"], cwd=directory, check=False,
                          env={**os.environ, "KGC_CACHE": cache},
                          stdout=subprocess.PIPE, text=True)
    passed = made.returncode == 0 and "PASS" in made.stdout
    return time.time() - begin if passed else None


def run():
    with tempfile.TemporaryDirectory(prefix="kgc-run.") as fresh:
        clone = os.path.join(fresh, "kgc")
        cache = os.path.join(fresh, "cache")
        suites.output("git", "clone", "-q", suites.TOP, clone)
        os.mkdir(cache)
        results = []
        for metric in ("first", "later"):
            suites.say("BENCH", f"run: 'make run', {metric}")
            seconds = timed(clone, cache)
            if seconds is not None:
                results.append({
                    "bench": "run", "parameters": "", "subject": "make",
                    "metric": metric, "unit": "s", "value": seconds})
    found = {
        "suite": "run", "about": "'make run' from a fresh clone",
        "kernel": "stock-6.1", "compiler": "",
        "commit": suites.commit(),
        "sources": suites.fingerprint("run"),
        "date": datetime.datetime.now().isoformat(timespec="seconds"),
        "load": os.getloadavg()[0], "unit of time": "seconds",
        "results": results, "failed": [], "skipped": [],
        "complete": len(results) == 2,
    }
    suites.save(found)
    return found
