#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""blocks.py DOCUMENT FILE: print FILE as the blocks of a document say.

A comment right before each block of code says what the block is:

    <!-- file PATH -->          the text of a file, below $HOME
    <!-- add to PATH -->        more text, for the end of that file
    <!-- run -->                commands of the shell, in a clone of this tree. They succeed, or
    <!-- run, status N -->      exit with this status
    <!-- output -->             lines of the output of the commands before it, in this order
    <!-- output, numbers vary -->
    <!-- next output -->        lines of the output of the commands after it
    <!-- from PATH -->          lines of a file of this tree, comments apart
    <!-- not run: REASON -->     which may go on in the next lines
"""
import re
import sys

MARK = re.compile(r"<!-- (?:(?P<file>file|add to|from) (?P<path>\S+)|"
                  r"run(?:, status (?P<status>\d+))?|not run: (?P<why>.+)|"
                  r"(?P<next>next )?output(?P<vary>, numbers vary)?) -->$")


class Block:
    """@kind: file, add to, from, run, output, next output or not run. @line: where it begins."""
    def __init__(self, mark, text, line):
        self.text, self.line = text, line
        self.kind = mark["file"] or re.match(r"<!-- ((?:next )?output|run|not run)", mark[0])[1]
        self.path, self.status = mark["path"], int(mark["status"] or 0)
        self.vary, self.why = bool(mark["vary"]), mark["why"]


def read(document):
    """Return: the blocks of a document. A block without a comment is a ValueError."""
    with open(document, encoding="utf-8") as f:
        lines = f.read().split("\n")
    found, start = [], None
    for nr, line in enumerate(lines):
        if not line.startswith("```"):
            continue
        if start is None:
            start = nr
            continue
        first = start - 1
        while first > 0 and lines[first] and not lines[first].startswith("<!--"):
            first -= 1
        mark = MARK.match(" ".join(lines[first:start]))
        if not mark:
            raise ValueError(f"{document}:{start + 1}: a block without a comment that says "
                             "what it is, see selftests/drivers/blocks.py")
        found.append(Block(mark, "".join(l + "\n" for l in lines[start + 1:nr]), start + 1))
        start = None
    return found


def main():
    document, path = sys.argv[1:]
    texts = [b.text for b in read(document) if b.path == path]
    if not texts:
        sys.exit(f"{document} has no file {path}")
    print("".join(texts), end="")


if __name__ == "__main__":
    main()
