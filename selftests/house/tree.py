# SPDX-License-Identifier: GPL-2.0
"""What the checks of the house know of kmod/: files, floors, includes, symbols."""
import collections
import os
import re
import subprocess

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
KMOD = os.environ.get("HOUSE_KMOD", os.path.join(TOP, "kmod"))
# clients, which stand outside of the house
CLIENTS = ("example/", "include/")


def listed(name):
    """Lines of a table, without comments."""
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        return [line.split() for line in f
                if line.strip() and not line.startswith("#")]


def files(*endings):
    """Paths below kmod/, clients excepted."""
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


def blanked(said):
    """C without comments and strings, line numbers kept."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, said, flags=re.S)


def code(path):
    return blanked(text(path))


def floors():
    """Rank by floor, 0 at the top; then functions called by pointer."""
    ranks, pointers = {}, {}
    for nr, words in enumerate(listed("floors")):
        if words[0] == "pointer":
            pointers[words[1]] = words[2:]
        else:
            ranks.update((name, nr) for name in words)
    return ranks, pointers


def floor(path):
    """The folder a file is in, or its own name."""
    first = path.split("/")[0]
    return re.sub(r"\.[cho]$", "", first)


def includes():
    """File -> files of kmod/ that it includes by itself."""
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
    """Object -> object -> symbols that the first needs of the second."""
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
    """Groups of nodes that reach each other (Tarjan 1972)."""
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
