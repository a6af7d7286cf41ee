# SPDX-License-Identifier: GPL-2.0
"""Facts about kmod/ for the checks of the house: files, floors, includes, symbols."""
import collections
import os
import re
import subprocess

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
KMOD = os.environ.get("HOUSE_KMOD", os.path.join(TOP, "kmod"))
# clients, which belong to no floor
CLIENTS = ("example/", "include/")


def listed(name):
    """Return: the words of each line of a table, without comments."""
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        return [line.split() for line in f
                if line.strip() and not line.startswith("#")]


def files(*endings):
    """Return: paths below kmod/, except those of clients."""
    found = []
    for directory, _, names in os.walk(KMOD):
        for name in names:
            path = os.path.relpath(os.path.join(directory, name), KMOD)
            if path.endswith(endings) and not path.startswith(CLIENTS):
                found.append(path)
    return sorted(found)


def text(path):
    with open(os.path.join(KMOD, path), encoding="utf-8") as f:
        return f.read()


def sources():
    """Return: name -> text of all files that git knows of, or, without git, of all files."""
    try:
        said = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"],
                              cwd=TOP, check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        names = said.split("\n")
    except (OSError, subprocess.CalledProcessError):
        names = [os.path.relpath(os.path.join(d, f), TOP)
                 for d, _, fs in os.walk(TOP) for f in fs
                 if not re.search(r"/(build|\.git)(/|$)", d)]
    found = {}
    for name in names:
        try:
            if name:
                with open(os.path.join(TOP, name), encoding="utf-8") as f:
                    found[name] = f.read()
        except (OSError, UnicodeDecodeError):
            pass    # a link to a directory, a file that is deleted, binary data
    return found


def blanked(said):
    """Return: C without comments and strings. Line numbers stay."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, said, flags=re.S)


def code(path):
    return blanked(text(path))


def floors():
    """Return: rank by floor, 0 at the top; and functions called by pointer."""
    ranks, pointers = {}, {}
    for nr, words in enumerate(listed("floors")):
        if words[0] == "pointer":
            pointers[words[1]] = words[2:]
        else:
            ranks.update((name, nr) for name in words)
    return ranks, pointers


def floor(path):
    """Return: the folder of a file, or its own name."""
    first = path.split("/")[0]
    return re.sub(r"\.[cho]$", "", first)


def includes():
    """Return: file -> files of kmod/ that it includes directly."""
    found = {}
    for path in files(".c", ".h"):
        found[path] = []
        for name in re.findall(r'^#include "([^"]+)"', text(path), re.M):
            for base in (os.path.dirname(path), ""):
                there = os.path.normpath(os.path.join(base, name))
                if os.path.exists(os.path.join(KMOD, there)):
                    if not there.startswith(".."):
                        found[path].append(there)
                    break
    return found


def symbols(build):
    """Return: object -> object -> symbols that the first one needs of the second."""
    needs, has = collections.defaultdict(set), {}
    for path in files(".c"):
        name = os.path.join(build, "kmod", path[:-1] + "o")
        if not os.path.exists(name):
            continue
        said = subprocess.run(["nm", name], check=True, text=True,
                              stdout=subprocess.PIPE).stdout
        for words in map(str.split, said.splitlines()):
            if words[-2] == "U":
                needs[path].add(words[-1])
            elif words[-2] in "TDBRVWCG":
                has[words[-1]] = path
    graph = collections.defaultdict(lambda: collections.defaultdict(set))
    for path, wanted in needs.items():
        for symbol in wanted:
            if has.get(symbol, path) != path:
                graph[path][has[symbol]].add(symbol)
    return graph


def circles(graph):
    """Return: groups of nodes that reach each other (Tarjan 1972)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            group = stack[at:]
            del stack[at:]
            if len(group) > 1:
                found.append(sorted(group))
    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found
