# SPDX-License-Identifier: GPL-2.0
"""The targets, and verdicts on them from the results."""
from suites import load, value


class Figure:
    """The figure of a target, and whether it meets the target."""

    def __init__(self, text, met):
        self.text = text
        self.met = met


class NotMeasured(Exception):
    """The reason why a target has no figure."""


def finished(results):
    """Refuse suites that failed: they have no figure to judge."""
    def of(suite):
        found = results(suite)
        if found and not found["complete"]:
            raise NotMeasured(f"the suite '{suite}' failed")
        return found
    return of


def get(found, *key, parameters=""):
    v = value(found, *key, parameters=parameters)
    if v is None:
        raise NotMeasured(f"no result '{' / '.join(key)}' {parameters}".strip())
    return v


def t1(need):
    fresh = get(need("paths"), "alloc", "kgc", "fast path")
    reused = get(need("paths"), "alloc", "kgc", "fast path, memory reused")
    return Figure(f"{reused:.1f} instr (fresh memory {fresh:.1f})",
                  max(fresh, reused) <= 60)


def life(need):
    return get(need("paths"), "life", "kgc",
               "allocate, link, mark a tenth, sweep")


def t2(need):
    ours = life(need)
    rival = get(need("paths"), "slab", "slab", "zalloc + free, batches of 64")
    return Figure(f"{ours / rival:.3f} ({ours:.1f} / {rival:.1f} instr)",
                  ours / rival <= 0.35)


def t3(need):
    ours = life(need)
    rival = get(need("paths"), "rcu", "kfree_rcu",
                "kzalloc + kfree_rcu, barrier")
    return Figure(f"{ours / rival:.3f} ({ours:.1f} / {rival:.1f} instr)",
                  ours / rival <= 0.2)


def t4(need):
    v = get(need("paths"), "section", "kgc", "enter + exit")
    return Figure(f"{v:.1f} instr", v <= 30)


def t5(need):
    def over(metric):
        return get(need("paths"), "store", "kgc", metric)
    idle = over("idle, over a plain store")
    marking = [over("marking, old " + x) for x in ("NULL", "marked", "unmarked")]
    text = ", ".join(f"+{v:.1f}" for v in marking)
    # a stretch of 64 stores includes a fraction of its own begin and end
    return Figure(f"idle +{idle:.1f}; marking {text} instr",
                  idle < 4.5 and max(marking) < 30.5)


def t6(need):
    v = {x: get(need("paths"), "cycle", "kgc", "per live object, " + x,
                parameters="n=100000") for x in ("tree", "list", "graph")}
    return Figure(f"tree {v['tree']:.1f} (list {v['list']:.1f}, "
                  f"graph {v['graph']:.1f}) instr", v["tree"] <= 60)


def t7(need):
    found = need("latency")

    def of(subject, metric):
        return get(found, "step", subject, metric, parameters="steps=2000000")
    longest = [of(x + ", collector on", "max") / 1e6
               for x in ("step", "spinner")]
    text = f"longest {longest[0]:.1f} ms, spinner {longest[1]:.1f} ms"
    # if the machine is too busy to judge all steps, judge those that no interrupt hit
    for metric, what in (("p99.99 on / off, median of turns", "all steps"),
                         ("p99.99 on / off, undisturbed",
                          "steps no interrupt came into")):
        ratio, control = of("step", metric), of("spinner", metric)
        text = f"{what} {ratio:.2f}, spinner {control:.2f}; " + text
        if 1 / 1.2 <= control <= 1.2:
            return Figure(text, ratio <= 1.2)
    raise NotMeasured("the machine is too busy: " + text)


def t8(need):
    limits = {200: 3, 100: 5, 50: 15}
    lost = {g: get(need("share"), "share", "kgc", "lost",
                   parameters=f"work=2000 gogc={g}") for g in limits}
    return Figure(" / ".join(f"{lost[g]:.1f}" for g in limits) + " %",
                  all(lost[g] <= limits[g] for g in limits))


def t9(need):
    found = need("scale")
    p = "n=400000"
    control = get(found, "scale", "cpu", "speed-up on 2 CPUs", parameters=p)
    ratio = get(found, "scale", "kgc", "speed-up over that of computing",
                parameters=p)
    if control < 1.6:
        raise NotMeasured(f"two CPUs compute only {control:.2f} times as fast "
                          f"as one here (kgc over that: {ratio:.2f})")
    return Figure(f"{ratio:.3f} (control {control:.2f})", ratio >= 0.95)


def t10(need):
    def counter(heap, name, parameters):
        return get(need("memory"), heap, "counter", name, parameters=parameters)

    def meta(types):
        p = f"types={types}"
        return (100 * counter("meta", "MetaBytes", p) /
                counter("meta", "HeapInuse", p))

    def footprint(heap):
        return ((counter(heap, "HeapSys", "") + counter(heap, "MetaBytes", "")) /
                counter(heap, "LiveBytes", ""))
    one, mixed, churn = meta(1), meta(8), footprint("churn")
    return Figure(f"{one:.2f} % / {mixed:.2f} %; {churn:.3f} "
                  f"(sparse survivors {footprint('sparse'):.2f})",
                  one <= 3 and mixed <= 6 and churn <= 1.25)


def t11(need):
    small = get(need("paths"), "cycle", "kgc", "cycle, tree",
                parameters="n=100000")
    large = get(need("large"), "cycle", "kgc", "cycle, tree",
                parameters="n=1000000")
    woken = get(need("paths"), "idle", "kgc", "wake-ups in 60 s")
    return Figure(f"{large / small:.2f}x; {woken:.0f} wake-ups",
                  large <= 11 * small and woken == 0)


def t12(need):
    rivals = need("rivals")
    parts, met = [], True
    for program in ("ring", "trees", "gcbench"):
        ours = {m: get(rivals, program, "kgc", m) for m in ("total", "worst")}
        for rival in ("go", "boehm"):
            theirs = {m: get(rivals, program, rival, m) for m in ours}
            met = met and all(ours[m] < theirs[m] for m in ours)
            parts.append(f"{program}/{rival} " + " ".join(
                f"{m} {ours[m] / theirs[m]:.2f}" for m in ours))
    return Figure("; ".join(parts), met)


def t13(_):
    # do not run this suite here: it fetches a kernel
    found = load("run")
    if not found:
        raise NotMeasured("'make bench BENCH=run' does")
    first = get(found, "run", "make", "first")
    later = get(found, "run", "make", "later")
    return Figure(f"{first:.0f} s / {later:.0f} s",
                  first <= 300 and later <= 30)


TARGETS = [
    ("T1", "<= 60 instr", t1), ("T2", "<= 0.35", t2), ("T3", "<= 0.2", t3),
    ("T4", "<= 30 instr", t4), ("T5", "<= +4 / <= +30 instr", t5),
    ("T6", "<= 60 instr", t6), ("T7", "<= 1.2", t7),
    ("T8", "<= 3 / 5 / 15 %", t8), ("T9", ">= 0.95", t9),
    ("T10", "<= 3 % / <= 6 %; <= 1.25", t10), ("T11", "<= 11x; 0", t11),
    ("T12", "< 1 everywhere", t12), ("T13", "<= 5 min / <= 30 s", t13),
]
