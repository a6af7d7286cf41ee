# SPDX-License-Identifier: GPL-2.0
"""baseline: figures of the baseline commit, which bench-check compares with today's.

The file 'baseline' names the commit. If the repository has it, the commit's own scripts
build it and run its benchmarks on the kernel of today's figures. The cache keeps the
results under the commit and all that they depend on, and all worktrees share them. A
shallow clone or a tarball does not have the commit. Then expected.json gives the figures
that were recorded of the commit, on the nearest kernel that it has.
"""
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess

import suites

SUITE = "paths"
FILE = os.path.join(suites.HERE, "baseline")
RECORDS = os.path.join(suites.HERE, "expected.json")
CACHE = os.environ.get("KGC_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "kgc")

# How far a figure may be above its baseline. Two measurements of the same code on a busy
# machine differ by 0.2 %. The rest is for code that the compiler lays out differently
# after a change elsewhere.
TOLERANCE = 0.03
# The same for recorded figures of the same series, such as 6.1. gcc 14 instead of 12
# makes up to 4.0 % of difference, the update from 6.1.0-56 to -57 up to 1.4 %.
SAME_SERIES = 0.08
# For those of another series. From 6.1 to 6.12 it is up to 8.0 %, with gcc 14 it is 12 %.
OTHER_SERIES = 0.15


class Unavailable(Exception):
    """The reason why there is no baseline. bench-check then fails."""


class Baseline:
    """Figures by name, their origin, and how far today's figures may be above them."""

    def __init__(self, figures, about, tolerance):
        self.figures = figures
        self.about = about
        self.tolerance = tolerance


def figures(found, checked):
    """Return: {name: value or None} of the checked figures."""
    return {f"{bench} {parameters}: {metric}".replace(" :", ":"):
            suites.value(found, bench, "kgc", metric, parameters)
            for bench, parameters, metric in checked}


def commit():
    try:
        with open(FILE, encoding="utf-8") as f:
            name = f.read().strip()
    except OSError as why:
        raise Unavailable(f"{FILE}: {why.strerror}") from None
    if not re.fullmatch("[0-9a-f]{40}", name):
        raise Unavailable(f"{FILE} holds '{name}', not the full hash of a commit")
    return name


@contextlib.contextmanager
def locked(name):
    """The same lock as with_lock in vm-images/lib.sh: one process measures, others wait."""
    with open(os.path.join(CACHE, "lock." + name), "w", encoding="utf-8") as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            suites.say("WAIT", f"another process measures {name}, which may take minutes")
            fcntl.flock(f, fcntl.LOCK_EX)
        yield


def read(path):
    try:
        with open(path, encoding="utf-8") as f:
            return json.load(f)
    except (OSError, ValueError):
        return None


def write(path, content):
    """Write the whole file or nothing."""
    with open(path + ".tmp", "w", encoding="utf-8") as f:
        json.dump(content, f, indent=1, sort_keys=True)
        f.write("\n")
    os.replace(path + ".tmp", path)


def unpack(name, tree):
    """Unpack the commit's tree into a directory. Return: git's complaint, or None."""
    shutil.rmtree(tree, ignore_errors=True)
    os.makedirs(tree)
    archive = tree + ".tar"
    try:
        with open(archive, "wb") as f:
            made = subprocess.run(["git", "archive", name], cwd=suites.TOP,
                                  stdout=f, stderr=subprocess.PIPE, check=False,
                                  text=True)
        if made.returncode:
            return made.stderr.strip().split("\n")[-1]
        suites.output("tar", "-xf", archive, "-C", tree)
    except FileNotFoundError as why:
        return str(why)
    finally:
        os.unlink(archive)
    return None


def run(name, here, tree):
    """Return: results of the commit's own harness, or None if git does not have the commit."""
    lacking = unpack(name, tree)
    if lacking is not None:
        shutil.rmtree(tree)
        suites.say("NOTE", f"git cannot archive the baseline: {lacking}")
        return None
    suites.say("BENCH", f"baseline {name[:12]}, to be built and run on "
               f"{here['release']}")
    log = os.path.join(suites.OUT, f"baseline-{here['kernel']}.log")
    with open(log, "w", encoding="utf-8") as f:
        status = subprocess.run(
            ["selftests/bench/bench"], cwd=tree, check=False, stdout=f,
            env={**os.environ, "BENCH": SUITE,
                 "BENCH_KERNEL": here["kernel"]}).returncode
    found = read(os.path.join(tree, "build", "bench", SUITE + ".json"))
    if status or not found:
        raise Unavailable(
            f"the baseline {name[:12]} could not be built and run on "
            f"{here['release']}, see {log} and {tree}: mend that, or move it")
    for what in ("release", "config"):
        if found.get(what) != here[what]:
            raise Unavailable(
                f"the baseline ran with {what} {found.get(what)}, today's "
                f"figures are of {here[what]}: move the baseline")
    shutil.rmtree(tree)
    return {**found, **here}


def measured(name, here):
    """Return: results of the commit on this kernel, or None if git does not have the commit."""
    digest = hashlib.sha256(repr((name, sorted(here.items()))).encode())
    key = f"{SUITE}-{name[:12]}-{digest.hexdigest()[:12]}"
    os.makedirs(os.path.join(CACHE, "bench"), exist_ok=True)
    os.makedirs(suites.OUT, exist_ok=True)
    kept = os.path.join(CACHE, "bench", key + ".json")
    with locked("bench-" + key):
        found = read(kept)
        if not found:
            tree = os.path.join(suites.OUT,
                                f"baseline-{name[:12]}-{here['kernel']}")
            found = run(name, here, tree)
            if found:
                write(kept, found)
    return found


def numbers(version):
    """Return: the numbers of a version; 6, 1, 0 and 57 of 6.1.0-57-amd64."""
    leading = re.match(r"[0-9.]*(-[0-9]+)?", version)[0]
    return [int(n) for n in re.findall("[0-9]+", leading)]


def distance(a, b):
    """Return: a sort key of version @a by its distance to @b, the newer first."""
    a, b = numbers(a), numbers(b)
    same = len(os.path.commonprefix([a, b]))
    differ = [abs(x - y) for x, y in zip(a[same:], b[same:])]
    return -same, differ[:1], [-x for x in a]


def key_of(here):
    return f"{here['release']}, {here['compiler']}"


def nearest(recorded, here):
    """Return: the key of the nearest kernel, and among its records the nearest compiler."""
    def apart(key):
        release, compiler = key.split(", ", 1)
        return (distance(release, here["release"]),
                distance(compiler.split()[-1], here["compiler"].split()[-1]))
    return min(recorded, key=apart)


def tolerance(key, here):
    if key == key_of(here):
        return TOLERANCE
    same = numbers(key)[:2] == numbers(here["release"])[:2]
    return SAME_SERIES if same else OTHER_SERIES


def recorded(name, here):
    """Return: the figures in expected.json."""
    records = read(RECORDS) or {}
    if records.get("commit") != name:
        raise Unavailable(
            f"{RECORDS} has figures of {records.get('commit')}, not of the "
            f"baseline {name}: where that is, 'bench-check --record' writes them")
    if not records.get("figures"):
        raise Unavailable(f"{RECORDS} has no figures")
    key = nearest(records["figures"], here)
    nearness = "" if key == key_of(here) else f", the nearest to {key_of(here)}"
    return Baseline(records["figures"][key],
                    f"recorded figures of {name[:12]} on {key}{nearness}",
                    tolerance(key, here))


def get(here, checked):
    name = commit()
    found = measured(name, here)
    if not found:
        return recorded(name, here)
    return Baseline(figures(found, checked),
                    f"{name[:12]} on the same kernel, {key_of(here)}, "
                    f"measured at {found['date']}", TOLERANCE)


def record(here, checked):
    """Write the baseline's figures on this kernel to expected.json."""
    name = commit()
    found = measured(name, here)
    if not found:
        raise Unavailable("this repository does not have the baseline: fetch it")
    records = read(RECORDS) or {}
    if records.get("commit") != name:
        # figures of another commit do not belong to this one
        records = {"commit": name, "figures": {}}
    records["figures"][key_of(here)] = {
        what: v for what, v in figures(found, checked).items() if v is not None}
    write(RECORDS, records)
