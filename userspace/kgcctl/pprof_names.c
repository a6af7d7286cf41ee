// SPDX-License-Identifier: GPL-2.0
/* See pprof_names.h. */
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kgcctl.h"
#include "pprof_names.h"

#define KERNEL	"vmlinux"
#define WORD	256

/* Functions of module and kernel on the way from the module's callers to the sample. */
static const char * const own_functions[] = {
	"arch_stack_walk", "save_stack_trace", "stack_trace_save", "kgc_stack_save", "origin_init", "profile_sampled", "kgc_cache_alloc",
	"kgc_cache_alloc_large", "alloc_current_word", "alloc_slow", "alloc_in_cycle",
	"alloc_fast", "__kgc_alloc", "kgc_alloc_array", "kgc_alloc_bulk", NULL
};

/* An entry of a tree: the key comes first. */
struct name {
	char *key;
	uint64_t id;
	void *message;
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->key, ((const struct name *)b)->key);
}

/* Find the entry for @key. If it is new, its @message is NULL, and its number the next. */
static struct name *find(struct names *names, const char *key, uint64_t first)
{
	struct name wanted = { .key = (char *)key }, *name;
	void *found = tfind(&wanted, &names->tree, compare);

	if (found)
		return *(struct name **)found;
	name = allocate(sizeof(*name));
	*name = (struct name){ text_copy(key, strlen(key)), first + names->nr, NULL };
	if (!tsearch(name, &names->tree, compare))
		exit(complain(STATUS_FAILED, "no memory"));
	if (!(names->nr & (names->nr - 1)))
		names->entry = reallocate(names->entry,
					  (2 * names->nr + 1) * sizeof(*names->entry));
	names->entry[names->nr++] = name;
	return name;
}

int64_t pprof_string(struct pprof_names *names, const char *text)
{
	struct name *name = find(&names->string, text, 0);

	name->message = name->key;
	return name->id;
}

/* ---- modules ------------------------------------------------------------------ */

/* The text of @path up to @size - 1 bytes. Returns the number of bytes, 0 if unreadable. */
static size_t read_start(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got, used = 0;

	while (fd >= 0 && (got = read(fd, text + used, size - 1 - used)) > 0)
		used += got;
	if (fd >= 0)
		close(fd);
	text[used] = '\0';
	return used;
}

/*
 * The build id in @notes, of @size bytes, in hexadecimal; "" if there is none. A note is three
 * numbers, a name and contents, each filled up to a multiple of four.
 */
static void find_build_id(const char *notes, size_t size, char hex[WORD])
{
	uint32_t head[3];	/* length of the name, of the contents, and the kind */
	size_t name, contents;

	hex[0] = '\0';
	for (; size >= sizeof(head); notes += contents, size -= contents) {
		memcpy(head, notes, sizeof(head));
		notes += sizeof(head);
		size -= sizeof(head);
		name = (head[0] + 3UL) & ~3UL;
		contents = (head[1] + 3UL) & ~3UL;
		if (name > size || contents > size - name)
			return;
		if (head[2] == 3 && head[0] == 4 && !memcmp(notes, "GNU", 4) &&
		    head[1] < WORD / 2) {
			for (uint32_t i = 0; i < head[1]; i++)
				sprintf(hex + 2 * i, "%02x", (unsigned char)notes[4 + i]);
			return;
		}
		notes += name;
		size -= name;
	}
}

static int64_t build_id(struct pprof_names *names, const char *module)
{
	char path[2 * WORD], notes[4096], hex[WORD];
	size_t size;

	if (strcmp(module, KERNEL))
		snprintf(path, sizeof(path), "/sys/module/%s/notes/.note.gnu.build-id", module);
	else
		snprintf(path, sizeof(path), "/sys/kernel/notes");
	size = read_start(path, notes, sizeof(notes));
	find_build_id(notes, size, hex);
	return pprof_string(names, hex);
}

/* Where the kernel has @module, as /proc/modules says; 0 and 0 if that does not say. */
static void find_range(const char *modules, const char *module, uint64_t *start, uint64_t *end)
{
	size_t length = strlen(module);
	unsigned long long size, at;

	*start = *end = 0;
	for (const char *line = modules; line; line = next_line(line)) {
		if (strncmp(line, module, length) || line[length] != ' ')
			continue;
		if (sscanf(line + length, "%llu %*s %*s %*s %llx", &size, &at) == 2 && at) {
			*start = at;
			*end = at + size;
		}
		return;
	}
}

static Pprof__Mapping *mapping_of(struct pprof_names *names, const char *module)
{
	struct name *name = find(&names->mapping, module, 1);
	Pprof__Mapping *mapping = name->message;

	if (mapping)
		return mapping;
	mapping = name->message = allocate(sizeof(*mapping));
	pprof__mapping__init(mapping);
	mapping->id = name->id;
	mapping->filename = pprof_string(names, module);
	mapping->build_id = build_id(names, module);
	/* pprof need not look up addresses */
	mapping->has_functions = true;
	if (names->addresses)
		find_range(names->modules, module, &mapping->memory_start,
			   &mapping->memory_limit);
	return mapping;
}

/* The kernel is where its addresses in the profile are. */
static void widen(Pprof__Mapping *mapping, const char *module, uint64_t address)
{
	if (strcmp(module, KERNEL) || !address)
		return;
	if (!mapping->memory_start || address < mapping->memory_start)
		mapping->memory_start = address;
	if (address >= mapping->memory_limit)
		mapping->memory_limit = address + 1;
}

/* ---- functions and places in them ----------------------------------------------- */

static uint64_t function_of(struct pprof_names *names, const char *symbol, const char *module)
{
	char key[2 * WORD + 2];
	Pprof__Function *function;
	struct name *name;

	snprintf(key, sizeof(key), "%s %s", symbol, module);
	name = find(&names->function, key, 1);
	if (name->message)
		return name->id;
	function = name->message = allocate(sizeof(*function));
	pprof__function__init(function);
	function->id = name->id;
	function->name = function->system_name = pprof_string(names, symbol);
	function->filename = pprof_string(names, module);
	return name->id;
}

static bool is_own(const char *symbol, const char *module)
{
	size_t length = strcspn(symbol, ".");	/* gcc appends ".isra.0" and the like */

	if (strcmp(module, "kgc") && strcmp(module, KERNEL))
		return false;
	for (size_t i = 0; own_functions[i]; i++)
		if (strlen(own_functions[i]) == length &&
		    !strncmp(own_functions[i], symbol, length))
			return true;
	return false;
}

uint64_t pprof_location(struct pprof_names *names, const char *frame, bool inner)
{
	char key[3 * WORD], place[WORD] = "", symbol[WORD], module[WORD] = KERNEL;
	unsigned long long address = 0;
	Pprof__Location *location;
	Pprof__Mapping *mapping;
	struct name *name;

	/* without a symbol the place is an address, which is its own name */
	sscanf(frame, "%llx %255s [%255[^] \n]", &address, place, module);
	snprintf(symbol, sizeof(symbol), "%.*s", (int)strcspn(place, "+"), place);
	if (inner && is_own(symbol, module))
		return 0;
	if (!names->addresses)
		address = 0;
	snprintf(key, sizeof(key), "%llx %s %s", address, place, module);
	name = find(&names->location, key, 1);
	if (name->message)
		return name->id;
	mapping = mapping_of(names, module);
	widen(mapping, module, address);
	location = name->message = allocate(sizeof(*location));
	pprof__location__init(location);
	location->id = name->id;
	location->mapping_id = mapping->id;
	location->address = address;
	location->n_line = 1;
	location->line = allocate(sizeof(*location->line));
	location->line[0] = allocate(sizeof(**location->line));
	pprof__line__init(location->line[0]);
	location->line[0]->function_id = function_of(names, symbol, module);
	return name->id;
}

/* ---- life ------------------------------------------------------------------------- */

void pprof_names_begin(struct pprof_names *names, bool addresses)
{
	enum { MOST = 1 << 20 };

	*names = (struct pprof_names){ .addresses = addresses, .modules = allocate(MOST) };
	read_start("/proc/modules", names->modules, MOST);
	pprof_string(names, "");
}

static void *messages(const struct names *names)
{
	void **message = allocate((names->nr + 1) * sizeof(*message));

	for (size_t i = 0; i < names->nr; i++)
		message[i] = ((struct name *)names->entry[i])->message;
	return message;
}

void pprof_names_store(struct pprof_names *names, Pprof__Profile *profile)
{
	profile->string_table = messages(&names->string);
	profile->n_string_table = names->string.nr;
	profile->mapping = messages(&names->mapping);
	profile->n_mapping = names->mapping.nr;
	profile->function = messages(&names->function);
	profile->n_function = names->function.nr;
	profile->location = messages(&names->location);
	profile->n_location = names->location.nr;
}

static void no_release(void *unused)
{
	(void)unused;
}

static void release(struct names *names, void (*release_message)(void *))
{
	for (size_t i = 0; i < names->nr; i++) {
		struct name *name = names->entry[i];

		release_message(name->message);
		free(name->key);
		free(name);
	}
	tdestroy(names->tree, no_release);
	free(names->entry);
}

static void release_location(void *message)
{
	Pprof__Location *location = message;

	free(location->line[0]);
	free(location->line);
	free(location);
}

void pprof_names_end(struct pprof_names *names)
{
	release(&names->location, release_location);
	release(&names->function, free);
	release(&names->mapping, free);
	/* a text is its own key */
	release(&names->string, no_release);
	free(names->modules);
}
