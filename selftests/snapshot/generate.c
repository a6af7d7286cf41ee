// SPDX-License-Identifier: GPL-2.0
/*
 * generate SHAPE OBJECTS: write a made-up snapshot. The shapes are
 *
 *	random	objects with three edges each, to any other one
 *	list	a long list, which would overflow the stack of anything recursive
 *	ladder	two lists side by side with rungs, where paths to compress are long
 *	odd	names that a format has to escape, objects without a path, a large object
 */
#include <stdlib.h>
#include <string.h>

#include "stream.h"

static uint64_t state = 1;

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t id_of(uint64_t object)
{
	return (object + 1) * 0x9e3779b97f4a7c15ULL;
}

static void write_random(struct stream *stream, uint64_t nr)
{
	for (uint64_t i = 0; i < nr; i += nr / 100 + 1)
		stream_handle(stream, id_of(i), i + 1);
	for (uint64_t i = 0; i < nr; i++) {
		stream_object(stream, id_of(i), 1 + i % 3, 32);
		for (uint64_t edge = 0; edge < 3; edge++)
			stream_edge(stream, 8 * edge, id_of(next_random() % nr));
	}
}

static void write_list(struct stream *stream, uint64_t nr)
{
	stream_slot(stream, id_of(0), 0, "head");
	for (uint64_t i = 0; i < nr; i++) {
		stream_object(stream, id_of(i), 1, 16);
		if (i + 1 < nr)
			stream_edge(stream, 8, id_of(i + 1));
	}
}

static void write_ladder(struct stream *stream, uint64_t nr)
{
	stream_handle(stream, id_of(0), 1);
	stream_handle(stream, id_of(1), 2);
	for (uint64_t i = 0; i < nr; i++) {
		stream_object(stream, id_of(i), 1 + i % 2, 24);
		stream_edge(stream, 0, id_of(i ^ 1));
		if (i + 2 < nr)
			stream_edge(stream, 8, id_of(i + 2));
	}
}

static void write_odd(struct stream *stream, uint64_t nr)
{
	stream_slot(stream, id_of(0), 3, "a \"root\"");
	stream_slot(stream, id_of(0), 4, "");
	stream_object(stream, id_of(0), 2, 4096);
	for (uint64_t i = 0; i < 512; i++)
		stream_edge(stream, 8 * i, id_of(1 + i % (nr / 2)));
	for (uint64_t i = 1; i < nr; i++) {
		stream_object(stream, id_of(i), 1 + i % 4, 8);
		/* the second half has no path: cycles, and what they refer to */
		stream_edge(stream, 0, id_of(i ^ 1));
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*write)(struct stream *stream, uint64_t nr);
	} shapes[] = {
		{ "random", write_random },
		{ "list", write_list },
		{ "ladder", write_ladder },
		{ "odd", write_odd },
	};
	struct stream stream;

	for (size_t i = 0; argc == 3 && i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (strcmp(argv[1], shapes[i].name))
			continue;
		stream_begin(&stream, stdout);
		stream_type(&stream, 1, 16, "node");
		stream_type(&stream, 2, 8, "quote\" back\\slash\ttab \xff \xe2\x82\xac");
		stream_type(&stream, 3, 24, "");
		stream_type(&stream, 4, 8, "</script>");
		shapes[i].write(&stream, strtoull(argv[2], NULL, 10));
		stream_end(&stream);
		return fflush(stdout) || ferror(stdout);
	}
	fputs("generate SHAPE OBJECTS\n", stderr);
	return 2;
}
