// SPDX-License-Identifier: GPL-2.0

// The programs of kmod/bench/programs.c on the Go runtime: the same objects, live
// sets and results. A line of JSON per figure; times are processor time (total)
// and the clock's (worst operation).
package main

import (
	"bufio"
	"fmt"
	"os"
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
	worst   time.Duration
	sum     uint64
	lasting *leaf
	numbers []uint64
	buffer  []*message
)

func note(begin time.Time) {
	if d := time.Since(begin); d > worst {
		worst = d
	}
}

//go:noinline
func push(i, size uint64) {
	m := new(message)
	m[0] = i
	slot := &buffer[i%size]
	if i >= size {
		sum += (*slot)[0]
	}
	*slot = m
}

func ring() {
	const n, size = 1000000, 100000
	buffer = make([]*message, size)
	for i := uint64(0); i < n; i++ {
		begin := time.Now()
		push(i, size)
		note(begin)
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
	begin := time.Now()
	var node *leaf
	if down {
		node = &leaf{}
		topDown(node, depth)
	} else {
		node = bottomUp(depth)
	}
	if keep {
		lasting = node
	} else {
		sum += count(node)
	}
	if depth == minDepth {
		note(begin)
	}
}

func trees() {
	const most = 14
	oneTree(most+1, false, false)
	oneTree(most, false, true)
	for depth := minDepth; depth <= most; depth += 2 {
		for i := 0; i < 1<<(most-depth+minDepth); i++ {
			oneTree(depth, false, false)
		}
	}
	sum += count(lasting)
}

func gcbench() {
	const most, n = 14, 125000
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
	sum += count(lasting)
	sum += numbers[n/4]
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

func main() {
	debug.SetGCPercent(100)
	name := os.Args[1]
	before := cpu()
	map[string]func(){"ring": ring, "trees": trees, "gcbench": gcbench}[name]()
	show := func(metric, unit string, value uint64) {
		fmt.Printf("{\"bench\": \"%s\", \"parameters\": \"\", \"subject\": \"go\", \"metric\": \"%s\", \"unit\": \"%s\", \"value\": %d}\n",
			name, metric, unit, value)
	}
	show("total", "ns", uint64(cpu()-before))
	show("worst", "ns", uint64(worst))
	show("checksum", "", sum)
	show("peak", "KiB", uint64(peakKiB()))
}
