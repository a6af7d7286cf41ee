// SPDX-License-Identifier: GPL-2.0

// The loads of selftests/bench/kmod/loads.c and selftests/bench/kmod/threads.c on the Go runtime.
package main

import (
	"sync"
	"unsafe"
)

var sizes = []uint32{16, 24, 32, 40, 64, 72, 96, 128, 200, 256, 400, 512, 1000, 2048}

var makers = []func() unsafe.Pointer{
	func() unsafe.Pointer { return unsafe.Pointer(new([2]uint64)) },
	func() unsafe.Pointer { return unsafe.Pointer(new([3]uint64)) },
	func() unsafe.Pointer { return unsafe.Pointer(new([4]uint64)) },
	func() unsafe.Pointer { return unsafe.Pointer(new([5]uint64)) },
	func() unsafe.Pointer { return unsafe.Pointer(new([8]uint64)) },
	func() unsafe.Pointer { return unsafe.Pointer(new([9]uint64)) },
	func() unsafe.Pointer { return unsafe.Pointer(new([12]uint64)) },
	func() unsafe.Pointer { return unsafe.Pointer(new([16]uint64)) },
	func() unsafe.Pointer { return unsafe.Pointer(new([25]uint64)) },
	func() unsafe.Pointer { return unsafe.Pointer(new([32]uint64)) },
	func() unsafe.Pointer { return unsafe.Pointer(new([50]uint64)) },
	func() unsafe.Pointer { return unsafe.Pointer(new([64]uint64)) },
	func() unsafe.Pointer { return unsafe.Pointer(new([125]uint64)) },
	func() unsafe.Pointer { return unsafe.Pointer(new([256]uint64)) },
}

func (w *worker) random() uint32 {
	w.seed = w.seed*6364136223846793005 + 1442695040888963407
	return uint32(w.seed >> 32)
}

func (w *worker) count(size int) {
	w.allocs++
	w.bytes += uint64(size)
}

// Plain bytes. The first eight are word.
func (w *worker) cell(kind uint32, word uint64) unsafe.Pointer {
	w.count(int(sizes[kind]))
	p := makers[kind]()
	*(*uint64)(p) = word
	return p
}

// ---- parse

const (
	textBytes = 65536
	textSlack = 64
	textDepth = 5
	textLists = 64
)

type text struct {
	w     worker
	bytes []byte
}

func (t *text) put(c byte) {
	if len(t.bytes) < textBytes-1 {
		t.bytes = append(t.bytes, c)
	}
}

func (t *text) number(n uint32) {
	if n > 9 {
		t.number(n / 10)
	}
	t.put('0' + byte(n%10))
}

func (t *text) value(depth int) {
	r := t.w.random() % 4
	switch {
	case depth == 0 || r == 0 || len(t.bytes) > textBytes-textSlack:
		t.number(t.w.random() % 100000)
	case r == 1:
		t.put('"')
		for n := 1 + t.w.random()%12; n > 0; n-- {
			t.put('a' + byte(t.w.random()%26))
		}
		t.put('"')
	default:
		t.put('[')
		for n := 1 + t.w.random()%6; n > 0; n-- {
			t.value(depth - 1)
			if n > 1 {
				t.put(',')
			}
		}
		t.put(']')
	}
}

func makeText() []byte {
	t := text{w: worker{seed: 1}}
	t.put('[')
	for n := textLists; n > 0; n-- {
		t.value(textDepth)
		if n > 1 {
			t.put(',')
		}
	}
	t.put(']')
	return append(t.bytes, 0)
}

type value struct {
	child, next *value
	text        *[16]byte
	number      uint64
}

type parser struct {
	w     *worker
	bytes []byte
	at    int
}

func (p *parser) value() *value {
	p.w.count(32)
	v := new(value)
	switch p.bytes[p.at] {
	case '[':
		var last *value
		for more := true; more; more = p.bytes[p.at] == ',' {
			p.at++
			one := p.value()
			if last != nil {
				last.next = one
			} else {
				v.child = one
			}
			last = one
		}
		p.at++
	case '"':
		p.w.count(16)
		v.text = new([16]byte)
		i := 0
		for p.at++; p.bytes[p.at] != '"'; p.at++ {
			v.text[i] = p.bytes[p.at]
			i++
		}
		p.at++
	default:
		for p.bytes[p.at] >= '0' && p.bytes[p.at] <= '9' {
			v.number = v.number*10 + uint64(p.bytes[p.at]-'0')
			p.at++
		}
	}
	return v
}

func (v *value) sum() uint64 {
	sum := uint64(0)
	for ; v != nil; v = v.next {
		sum += 1 + v.number + v.child.sum()
		if v.text != nil {
			sum += uint64(v.text[0])
		}
	}
	return sum
}

func parse() {
	p := parser{w: &main0, bytes: makeText()}
	for n := param("n", 300); n > 0; n-- {
		begin := now()
		p.at = 0
		main0.sum += p.value().sum()
		main0.step(begin)
	}
}

// ---- lasting

type entry struct {
	next *entry
	key  uint64
	data [30]uint64
}

var entries []*entry

func lasting() {
	n, size := param("n", 1000000), param("size", 100000)
	w := &main0
	entries = make([]*entry, size)
	put := func(key uint64) {
		w.count(256)
		e := new(entry)
		e.key = key
		e.data[29] = key ^ 1
		entries[key%size] = e
	}
	for i := uint64(0); i < size; i++ {
		put(i)
	}
	w.allocs, w.bytes = 0, 0
	for i := uint64(0); i < n; i++ {
		begin := now()
		key := uint64(w.random()) % (2 * size)
		if i%16 == 0 {
			put(key)
		} else if e := entries[key%size]; e.key == key {
			w.sum += e.data[29]
		} else {
			w.sum++
		}
		w.step(begin)
	}
}

// ---- requests

type header struct {
	next *header
	word [3]uint64
}

type request struct {
	answer  *answer
	headers *header
	key     uint64
	word    [5]uint64
}

type answer struct {
	request *request
	body    *[25]uint64
	status  uint64
	word    [5]uint64
}

var cache []*request

func (w *worker) request(key uint64) *request {
	w.count(64 + 64)
	w.allocs++
	r, a := new(request), new(answer)
	a.body = (*[25]uint64)(w.cell(8, key))
	for i := uint64(0); i < 4; i++ {
		w.count(32)
		h := new(header)
		h.word[0] = i
		h.next = r.headers
		r.headers = h
	}
	r.key = key
	a.status = key + 200
	a.request = r
	r.answer = a
	return r
}

func requests() {
	n, size := param("n", 300000), param("size", 20000)
	w := &main0
	cache = make([]*request, size)
	for i := uint64(0); i < n; i++ {
		begin := now()
		key := uint64(w.random()) % (2 * size)
		r := cache[key%size]
		if r == nil || r.key != key {
			r = w.request(key)
			cache[key%size] = r
		}
		w.sum += r.answer.status + r.headers.word[0]
		w.step(begin)
	}
}

// ---- mixed, larson

var table []unsafe.Pointer

func (w *worker) replace(kinds uint32, first, size, word uint64) {
	kind := w.random() % kinds
	slot := &table[first+uint64(w.random())%size]
	old := *slot
	*slot = w.cell(kind, word)
	if old != nil {
		w.sum += *(*uint64)(old)
	}
}

func mixed() {
	n, live := param("n", 500000), param("live", 50000)
	table = make([]unsafe.Pointer, live)
	for i := uint64(0); i < n; i++ {
		begin := now()
		main0.replace(uint32(len(sizes)), 0, live, i)
		main0.step(begin)
	}
}

// Run all workers at once and wait for them.
func together(n uint64, run func(nr uint64, w *worker)) {
	var all sync.WaitGroup
	for i := uint64(0); i < n; i++ {
		all.Add(1)
		go func(i uint64) {
			run(i, &workers[i])
			all.Done()
		}(i)
	}
	all.Wait()
}

func larson() {
	threads, slots := param("threads", 2), param("slots", 5000)
	n := param("n", 50000)
	table = make([]unsafe.Pointer, threads*slots)
	for rounds := param("rounds", 4); rounds > 0; rounds-- {
		together(threads, func(nr uint64, w *worker) {
			for i := uint64(0); i < n; i++ {
				begin := now()
				w.replace(uint32(len(sizes)-2), nr*slots, slots, i)
				w.step(begin)
			}
		})
	}
}

// ---- xmalloc

const (
	batchSize = 64
	queueSize = 16
)

type batch [batchSize]unsafe.Pointer

func xmalloc() {
	pairs, n := param("pairs", 2), param("n", 200000)/batchSize
	queues := make([]chan *batch, pairs)
	for i := range queues {
		queues[i] = make(chan *batch, queueSize)
	}
	together(2*pairs, func(nr uint64, w *worker) {
		q := queues[nr/2]
		for i := uint64(0); i < n; i++ {
			if nr%2 == 1 {
				for _, p := range *<-q {
					w.sum += *(*uint64)(p)
				}
				continue
			}
			begin := now()
			w.count(batchSize * 8)
			b := new(batch)
			for j := range b {
				kind := w.random() % uint32(len(sizes)-2)
				b[j] = w.cell(kind, i*batchSize+uint64(j))
			}
			w.step(begin)
			q <- b
		}
	})
}

// ---- handoff

type node struct {
	left, right *node
	data        [6]uint64
}

func (w *worker) parts(list *node, word uint64) *node {
	for i := uint64(0); i < 4; i++ {
		w.count(64)
		n := new(node)
		n.data[0] = word + i
		n.left = list
		if list != nil {
			n.right = list.left
		}
		list = n
	}
	return list
}

func handoff() {
	pairs, n := param("pairs", 2), param("n", 50000)
	there, back := make([]chan *node, pairs), make([]chan *node, pairs)
	for i := range there {
		there[i] = make(chan *node, queueSize)
		back[i] = make(chan *node, queueSize)
	}
	together(2*pairs, func(nr uint64, w *worker) {
		there, back := there[nr/2], back[nr/2]
		if nr%2 == 1 {
			for i := uint64(0); i < n; i++ {
				back <- w.parts(<-there, 2*i)
			}
			return
		}
		for i := uint64(0); i < n+queueSize; i++ {
			begin := now()
			if i >= queueSize {
				for list := <-back; list != nil; list = list.left {
					w.sum += list.data[0]
				}
			}
			if i < n {
				there <- w.parts(nil, i)
			}
			w.step(begin)
		}
	})
}
