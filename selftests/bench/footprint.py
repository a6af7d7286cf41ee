#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Simulate how the order in which spans are filled would change T10.

This is the churn of selftests/bench/kmod/memory.c without a kernel. Objects of its sizes
replace each other at random. A cycle begins once the program has allocated as much as
GOGC allows, and sweeps at once. For each policy the script prints the bytes of spans that
are not empty after a last cycle, divided by the bytes of live objects.
"""
import random

SIZES = [16, 24, 32, 40, 64, 72, 96, 128, 200, 256, 400, 512, 1000, 2048]
CLASSES = [16, 24, 32, 48, 64, 80, 96, 128, 208, 256, 416, 512, 1024, 2048]
LIVE = 50000
REPLACED = 1500000
ORDERS = {  # of the spans with free slots, the span to fill first comes last
    "as they were swept": lambda spans: spans[::-1],
    "fullest first": lambda spans: sorted(spans, key=lambda s: -s.free),
    "emptiest first": lambda spans: sorted(spans, key=lambda s: s.free),
}


class Span:
    __slots__ = ("slots", "free", "live")

    def __init__(self, slots):
        self.slots = self.free = slots
        self.live = 0


def sweep(spans, order, current, partial):
    for c in CLASSES:
        spans[c] = [s for s in spans[c] if s.live]
        for s in spans[c]:
            s.free = s.slots - s.live
        partial[c] = order([s for s in spans[c] if s.free])
        current[c] = None


def footprint(order, gogc, span_bytes):
    random.seed(1)
    spans, partial = {c: [] for c in CLASSES}, {c: [] for c in CLASSES}
    current, where = {c: None for c in CLASSES}, [(None, 0)] * LIVE
    live = charged = cycles = 0
    goal = 1 << 20
    for _ in range(REPLACED):
        kind, slot = random.randrange(len(SIZES)), random.randrange(LIVE)
        c, size = CLASSES[kind], SIZES[kind]
        while current[c] is None or not current[c].free:
            if not partial[c]:
                partial[c] = [Span(span_bytes // c)]
                spans[c] += partial[c]
            current[c] = partial[c].pop()
        span = current[c]
        span.free -= 1
        span.live += 1
        old, old_size = where[slot]
        if old:
            old.live -= 1
        where[slot] = span, size
        live += size - old_size
        charged += c
        if charged >= goal:
            sweep(spans, order, current, partial)
            goal = max(live * gogc // 100, 1 << 20)
            charged = 0
            cycles += 1
    sweep(spans, order, current, partial)
    return sum(map(len, spans.values())) * span_bytes / live, cycles


for name, gogc, span_bytes in [
        ("as they were swept", 100, 8192), ("fullest first", 100, 8192),
        ("emptiest first", 100, 8192), ("fullest first", 100, 4096),
        ("fullest first", 50, 8192), ("as they were swept", 25, 8192),
        ("fullest first", 25, 8192)]:
    ratio, cycles = footprint(ORDERS[name], gogc, span_bytes)
    print(f"{name:19} GOGC {gogc:3} spans of {span_bytes}: {ratio:.2f} of live, {cycles} cycles",
          flush=True)
