#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""coverage.py [-c] GCOV LIST MISSING: add up gcov's reports on the objects of kgc.ko.

GCOV has the reports (JSON, one a line). The output has, for each file of kmod/, how many
of its lines ran, and how many of the branches in these lines were taken. The file MISSING
receives the branches not taken. With -c, LIST must have exactly these branches. Each
difference gets a line, and the exit status is 1.

What counts as a branch. gcov knows the branches that the compiler made, at the line of
the source from which they come. Some of these are in the kernel's macros: a lock under
lockdep, a tracepoint, list_for_each_entry(). A branch counts here if its statement has a
condition of its own: if, while, for, switch, ?:, && or ||. A return counts, too, because
the compiler puts the caller's condition there when it inlines. Branches from macros in
such a statement also count, because gcov cannot tell them apart. All copies of a function
that is always inlined count as one.

LIST has a line "FILE: FUNCTION: STATEMENT" for each statement with branches that the
suite does not take. A blank joins the parts of the statement, and "#2" follows the second
one in a function that reads the same. "FILE: FUNCTION: is not called" is also possible. The
indented line after it, "N KIND: reason", says how many branches these are, and why. Some
runs take branches of kind "chance"; of the other kinds exactly N are not taken.
"""
import json
import re
import sys
from collections import Counter, defaultdict

ENOUGH = 95  # percent of lines
SAYS_BRANCH = re.compile(r"\b(if|while|for|switch|return)\b|\?|&&|\|\|")
BEGINS = re.compile(r"(\} )?(else )?(if|while|for|switch|scoped_guard|\w*for_each\w*) ?\(")
FUNCTION = re.compile(r"(?!#)(?:[a-zA-Z_].*?[\s*])?(\w+)\(")
KINDS = ("chance", "memory", "never", "compiler", "node", "build", "size")


class Source:
    """The function and the statement of each line of a file."""

    def __init__(self, path):
        self.function, self.statement = {}, {}
        with open(path, encoding="ascii") as file:
            text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), file.read(),
                          flags=re.S)
        function = candidate = ""
        parts, first, seen = [], 0, Counter()
        for nr, line in enumerate(text.split("\n"), 1):
            if FUNCTION.match(line):
                candidate = FUNCTION.match(line)[1]
            if line == "{":
                function = candidate
            if line.strip() and not parts:
                first = nr
            if line.strip():
                parts.append(line.strip())
            whole = " ".join(parts)
            if not whole or not self.complete(whole):
                continue
            name = function or candidate
            seen[name, whole] += 1
            if seen[name, whole] > 1:
                whole += f" #{seen[name, whole]}"
            for i in range(first, nr + 1):
                self.statement[i] = whole
                self.function[i] = name
            parts = []
            if line == "}":
                function = ""

    @staticmethod
    def complete(text):
        said = bare(text)
        if said.count("(") != said.count(")"):
            return False
        if said[0] == "#" or BEGINS.match(said) or said in ("else", "do"):
            return said[-1] != "\\"
        return said[-1] in ";{}" or said[-1] == ":" and "?" not in said


def normal(path):
    """Return: kmod/heap.h for kmod/gc/../heap.h."""
    path = re.sub(r".*\bkmod/", "kmod/", path)
    while "/../" in path:
        path = re.sub(r"[^/]+/\.\./", "", path, count=1)
    return path


def ours(path):
    return path.startswith("kmod/") and not re.match(r"kmod/example/", path)


def bare(statement):
    """Return: the statement without strings and characters."""
    return re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])\'', "", statement)


def said_branches(statement):
    """Return: branches of the statement itself, two for each condition."""
    asks = len(re.findall(r"\b(?:if|while|for)\b|\?", bare(statement)))
    return 2 * (max(asks, 1) + len(re.findall(r"&&|\|\|", bare(statement))))


def fold(statement, counts):
    """Return: branches of a statement by line, with all its copies counted as one."""
    copies, rest = divmod(sum(map(len, counts.values())), said_branches(statement))
    if not copies or rest or "switch" in statement or any(len(c) % copies for c in counts.values()):
        return counts
    return {nr: [sum(c[i::len(c) // copies]) for i in range(len(c) // copies)]
            for nr, c in counts.items()}


class Coverage:
    def __init__(self):
        self.source = {}
        self.runs = defaultdict(Counter)     # file: line: how often
        self.taken = defaultdict(dict)       # file: line: [how often]

    def add(self, report):
        for file in report["files"]:
            path = normal(file["file"])
            if not ours(path):
                continue
            if path not in self.source:
                self.source[path] = Source(path)
            inlined = defaultdict(dict)
            for line in file["lines"]:
                nr = line["line_number"]
                self.runs[path][nr] += line["count"]
                statement = self.source[path].statement.get(nr, "")
                counts = [b["count"] for b in line["branches"]]
                if not SAYS_BRANCH.search(bare(statement)):
                    continue
                if "function_name" in line:
                    self.branches(path, {nr: counts})
                elif counts:
                    inlined[statement][nr] = counts
            for statement, counts in inlined.items():
                self.branches(path, fold(statement, counts))

    def branches(self, path, lines):
        for nr, counts in lines.items():
            old = self.taken[path].setdefault(nr, [])
            old += [0] * (len(counts) - len(old))
            for i, count in enumerate(counts):
                old[i] += count

    def missing(self):
        """Return: {(file, function, statement): [line, branches not taken, branches]}."""
        found = {}
        for path, lines in self.runs.items():
            source = self.source[path]
            called = Counter()
            for nr, count in lines.items():
                called[source.function.get(nr)] += count
            for nr in sorted(lines):
                name = source.function.get(nr)
                counts = self.taken[path].get(nr, []) if lines[nr] else []
                if not called[name]:
                    found.setdefault((path, name, "is not called"), [nr, 1, 1])
                elif counts.count(0):
                    was = found.setdefault((path, name, source.statement[nr]), [nr, 0, 0])
                    was[1] += counts.count(0)
                    was[2] += len(counts)
        return found

    def table(self):
        rows, total = [], [0, 0, 0, 0]
        for path, lines in sorted(self.runs.items()):
            sides = [c for nr, counts in self.taken[path].items() if lines[nr] for c in counts]
            row = [len(lines), sum(1 for c in lines.values() if c), len(sides),
                   len(sides) - sides.count(0)]
            rows.append((path, row))
            total = [a + b for a, b in zip(total, row)]
        for path, row in rows + [("all", total)]:
            print(f"{path:<32} {row[0]:5} lines {percent(row[1], row[0]):6.1f} % "
                  f"{row[2]:7} branches {percent(row[3], row[2]):6.1f} %")
        return percent(total[1], total[0])


def percent(part, whole):
    return 100 * part / whole if whole else 100


def read_list(path):
    """Return: the same keys as Coverage.missing(), with number and kind."""
    entries, key = {}, None
    with open(path, encoding="ascii") as file:
        for nr, line in enumerate(file, 1):
            text = line.rstrip("\n")
            reason = re.fullmatch(r"\t(\d+) (\w+): .+", text)
            if not text or text[0] == "#":
                continue
            if reason and key and reason[2] in KINDS:
                entries[key] = (int(reason[1]), reason[2])
                key = None
            elif text.count(": ") >= 2 and text[0] != "\t" and key is None:
                key = tuple(text.split(": ", 2))
                if key in entries:
                    sys.exit(f"{path}:{nr}: is there twice")
            else:
                sys.exit(f"{path}:{nr}: cannot be understood")
    return entries


def differences(found, entries, source):
    for key, (nr, misses, _) in found.items():
        where = f"{key[0]}:{nr}: {key[1]}: {key[2]}"
        n, kind = entries.get(key, (0, ""))
        if not n:
            yield f"{where}: {misses} not taken and not explained"
        elif misses > n:
            yield f"{where}: {misses} not taken, {n} explained"
        elif misses < n and kind != "chance":
            yield f"{where}: {n} explained, {misses} not taken"
    for key, (n, kind) in entries.items():
        path, name, statement = key
        there = path in source and statement in [
            s for i, s in source[path].statement.items() if source[path].function[i] == name]
        if key in found or (path, name, "is not called") in found:
            continue
        if statement != "is not called" and not there:
            yield f"{': '.join(key)}: explained, but not in the source"
        elif kind != "chance":
            yield f"{': '.join(key)}: explained, but taken"


def main():
    arguments = sys.argv[1:]
    check = arguments[:1] == ["-c"]
    reports, listed, to = arguments[check:]
    coverage = Coverage()
    with open(reports, encoding="ascii") as file:
        for line in file:
            coverage.add(json.loads(line))
    found = coverage.missing()
    with open(to, "w", encoding="ascii") as file:
        for key, (nr, misses, of) in sorted(found.items()):
            file.write(f"{key[0]}:{nr}: {key[1]}: {key[2]}\n\t{misses} of {of}\n")
    lines = coverage.table()
    wrong = []
    if check:
        entries = read_list(listed)
        wrong = list(differences(found, entries, coverage.source))
        if lines < ENOUGH:
            wrong.append(f"less than {ENOUGH} % of the lines ran")
        print("not taken: " + ", ".join(
            f"{sum(e[0] for e in entries.values() if e[1] == kind)} {kind}" for kind in KINDS))
    for text in sorted(wrong):
        print(text)
    print(f"total: {lines:.1f} %")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
