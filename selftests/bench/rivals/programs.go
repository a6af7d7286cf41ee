// SPDX-License-Identifier: GPL-2.0

// The programs of selftests/bench/kmod/ on the Go runtime: the same objects, live sets and
// results. PROGRAM [NAME=NUMBER ...]; a line of JSON per figure. Times are
// processor time (total) and the clock's (single operations).
package main

import (
	"bufio"
	"fmt"
	"math/bits"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const minDepth = 4

type leaf struct {
	left, right *leaf
	i, j        uint32
}

type message [128]uint64

var (
	lasting1 *leaf
	numbers  []uint64
	buffer   []*message
)

// The buckets of selftests/bench/common/histogram.h.
type histogram struct {
	n, max uint64
	bucket [60 << 5]uint64
}

func (h *histogram) add(v uint64) {
	h.n++
	if v > h.max {
		h.max = v
	}
	if v < 32 {
		h.bucket[v]++
		return
	}
	e := uint(63 - bits.LeadingZeros64(v) - 5)
	h.bucket[(uint64(e)+1)<<5+v>>e&31]++
}

func (h *histogram) at(ppm uint64) uint64 {
	rank, seen := h.n*ppm/1000000, uint64(0)
	for b, n := range h.bucket {
		if seen += n; seen > rank {
			e, m := b>>5, uint64(b&31)
			if e == 0 {
				return m
			}
			return (32 + m) << (e - 1)
		}
	}
	return h.max
}

type worker struct {
	seed, sum, allocs, bytes uint64
	steps                    histogram
}

var (
	workers [8]worker
	main0   = worker{seed: 1}
)

var start = time.Now()

// Nanoseconds of the monotonic clock.
func now() time.Duration {
	return time.Since(start)
}

func (w *worker) step(begin time.Duration) {
	w.steps.add(uint64(now() - begin))
}

func param(name string, orElse uint64) uint64 {
	for _, a := range os.Args[2:] {
		if f := strings.SplitN(a, "=", 2); len(f) == 2 && f[0] == name {
			if n, err := strconv.ParseUint(f[1], 0, 64); err == nil {
				return n
			}
		}
	}
	return orElse
}

//go:noinline
func push(i, size uint64) {
	m := new(message)
	m[0] = i
	slot := &buffer[i%size]
	if i >= size {
		main0.sum += (*slot)[0]
	}
	*slot = m
}

func ring() {
	n, size := param("n", 1000000), param("ring", 100000)
	buffer = make([]*message, size)
	for i := uint64(0); i < n; i++ {
		begin := now()
		push(i, size)
		main0.step(begin)
	}
}

func bottomUp(depth int) *leaf {
	if depth == 0 {
		return &leaf{}
	}
	left, right := bottomUp(depth-1), bottomUp(depth-1)
	return &leaf{left: left, right: right}
}

func topDown(node *leaf, depth int) {
	if depth == 0 {
		return
	}
	node.left, node.right = &leaf{}, &leaf{}
	topDown(node.left, depth-1)
	topDown(node.right, depth-1)
}

func count(node *leaf) uint64 {
	n := uint64(0)
	for ; node != nil; node = node.right {
		n += 1 + count(node.left)
	}
	return n
}

func oneTree(depth int, down, keep bool) {
	begin := now()
	var node *leaf
	if down {
		node = &leaf{}
		topDown(node, depth)
	} else {
		node = bottomUp(depth)
	}
	if keep {
		lasting1 = node
	} else {
		main0.sum += count(node)
	}
	if depth == minDepth {
		main0.step(begin)
	}
}

func trees() {
	most := int(param("depth", 14))
	oneTree(most+1, false, false)
	oneTree(most, false, true)
	for depth := minDepth; depth <= most; depth += 2 {
		for i := 0; i < 1<<(most-depth+minDepth); i++ {
			oneTree(depth, false, false)
		}
	}
	main0.sum += count(lasting1)
}

func gcbench() {
	most, n := int(param("depth", 14)), 125000
	oneTree(most+2, false, false)
	oneTree(most, true, true)
	numbers = make([]uint64, n)
	for i := 0; i < n/2; i++ {
		numbers[i] = uint64(i) + 1
	}
	for depth := minDepth; depth <= most; depth += 2 {
		times := 2 * (2<<(most+2) - 1) / (2<<depth - 1)
		for i := 0; i < times; i++ {
			oneTree(depth, true, false)
			oneTree(depth, false, false)
		}
	}
	main0.sum += count(lasting1)
	main0.sum += numbers[n/4]
}

func cpu() int64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}

func peakKiB() int {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if w := strings.Fields(lines.Text()); len(w) > 1 && w[0] == "VmHWM:" {
			n, _ := strconv.Atoi(w[1])
			return n
		}
	}
	return 0
}

var programs = map[string]func(){
	"ring": ring, "trees": trees, "gcbench": gcbench, "parse": parse,
	"lasting": lasting, "requests": requests, "mixed": mixed,
	"larson": larson, "xmalloc": xmalloc, "handoff": handoff,
}

func main() {
	name := os.Args[1]
	debug.SetGCPercent(int(param("gogc", 100)))
	for i := range workers {
		workers[i].seed = uint64(i) + 1
	}
	show := func(metric, unit string, value, n uint64) {
		fmt.Printf("{\"bench\": \"%s\", \"parameters\": \"%s\", \"subject\": \"go\", \"metric\": \"%s\", \"unit\": \"%s\", \"value\": %.3f}\n",
			name, strings.Join(os.Args[2:], " "), metric, unit,
			float64(value)/float64(n))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := cpu()
	programs[name]()
	busy := uint64(cpu() - begin)
	runtime.ReadMemStats(&after)
	all := &main0
	for i := range workers {
		w := &workers[i]
		all.sum += w.sum
		all.allocs += w.allocs
		all.bytes += w.bytes
		all.steps.n += w.steps.n
		if w.steps.max > all.steps.max {
			all.steps.max = w.steps.max
		}
		for b, n := range w.steps.bucket {
			all.steps.bucket[b] += n
		}
	}
	show("total", "ns", busy, 1)
	show("worst", "ns", all.steps.max, 1)
	show("p50", "ns", all.steps.at(500000), 1)
	show("p99", "ns", all.steps.at(990000), 1)
	show("p99.9", "ns", all.steps.at(999000), 1)
	show("p99.99", "ns", all.steps.at(999900), 1)
	show("operations", "", all.steps.n, 1)
	show("per operation", "ns", busy, all.steps.n)
	if all.allocs > 0 {
		show("allocations per operation", "", all.allocs, all.steps.n)
		show("bytes per operation", "B", all.bytes, all.steps.n)
	}
	show("checksum", "", all.sum&0xffffffff, 1)
	show("cycles", "", uint64(after.NumGC-before.NumGC), 1)
	show("peak", "KiB", uint64(peakKiB()), 1)
}
