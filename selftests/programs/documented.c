// SPDX-License-Identifier: GPL-2.0
/*
 * docs/debugfs.md and the module agree: every file of debugfs, every name in it, and
 * every line of a histogram is documented, and what is documented is there.
 */
#include <ctype.h>
#include <dirent.h>

#include "debugfs_files.h"
#include "heap.h"

enum kind { THE_FILE, NAME, LINE };

static const struct entry {
	enum kind kind;
	const char *file;		/* as the page has it: "heap<ID>/stats" */
	const char *name;
	bool optional;			/* may be missing in the file */
} page[] = {
#include "debugfs.inc"
};

#define IN_HEAP	"heap<ID>/"

static bool is_on_page(enum kind kind, const char *file, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(page); i++)
		if (page[i].kind == kind && !strcmp(page[i].file, file) &&
		    !strcmp(page[i].name, name))
			return true;
	return false;
}

static bool has_any(enum kind kind, const char *file)
{
	for (size_t i = 0; i < ARRAY_SIZE(page); i++)
		if (page[i].kind == kind && !strcmp(page[i].file, file))
			return true;
	return false;
}

/* Copy @word up to its end, with <N> for each number in it, as the page has it. */
static void to_page(char name[64], const char *word)
{
	size_t used = 0;

	for (; *word && !isspace(*word) && used < 60; word++) {
		if (!isdigit(*word)) {
			name[used++] = *word;
		} else if (!used || name[used - 1] != '>') {
			memcpy(name + used, "<N>", 3);
			used += 3;
		}
	}
	name[used] = '\0';
}

static const char *next_word(const char *at)
{
	at += strcspn(at, " \n");
	return at + strspn(at, " ");
}

static const char *next_line(const char *at)
{
	at = strchrnul(at, '\n');
	return at + (*at == '\n');
}

/* Whether the first line has a name and its value: other files begin with headings. */
static bool is_pairs(const char *text)
{
	const char *value = next_word(text);

	return *value != '\n' && (isdigit(*value) || *value == '-');
}

/**
 * struct words - the names or lines of a file, as the page would have them
 * @name: the names
 * @nr: how many
 */
struct words {
	char name[96][64];
	int nr;
};

static void words_of(struct words *words, enum kind kind, const char *text)
{
	bool headings = kind == NAME && !is_pairs(text);

	words->nr = 0;
	if (kind == LINE)
		text = next_line(text);
	while (*text && *text != '\n' && words->nr < (int)ARRAY_SIZE(words->name)) {
		to_page(words->name[words->nr++], text);
		text = headings ? next_word(text) : next_line(text);
	}
}

static bool has_word(const struct words *words, const char *name)
{
	for (int i = 0; i < words->nr; i++)
		if (!strcmp(words->name[i], name))
			return true;
	return false;
}

/* Compare what @text shows of @kind with what the page has for @file. */
static void compare(struct __test_metadata *_metadata, enum kind kind, const char *file,
		    const char *text)
{
	static struct words shown;

	words_of(&shown, kind, text);
	EXPECT_GT(shown.nr, 0);
	for (int i = 0; i < shown.nr; i++) {
		EXPECT_TRUE(is_on_page(kind, file, shown.name[i])) {
			TH_LOG("docs/debugfs.md: %s lacks %s", file, shown.name[i]);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(page); i++) {
		if (page[i].kind != kind || strcmp(page[i].file, file) || page[i].optional)
			continue;
		EXPECT_TRUE(has_word(&shown, page[i].name)) {
			TH_LOG("%s has no %s, which docs/debugfs.md describes", file,
			       page[i].name);
		}
	}
}

TEST_F(heap, every_name_is_documented_and_every_documented_name_is_shown)
{
	__u64 object;
	int files = 0;

	/* classes and cycles have lines only in a heap that has been used, types after a census */
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &object));
	ASSERT_EQ(0, debugfs_put(self->info.heap_id, "types", "1"));
	ASSERT_EQ(0, collect_all(self->fd));
	for (size_t i = 0; i < ARRAY_SIZE(page); i++) {
		const char *file = page[i].file;
		bool of_heap = !strncmp(file, IN_HEAP, strlen(IN_HEAP));
		char *text;

		if (page[i].kind != THE_FILE || !has_any(NAME, file))
			continue;
		text = debugfs_text(of_heap ? (long)self->info.heap_id : MODULE_WIDE,
				    of_heap ? file + strlen(IN_HEAP) : file);
		ASSERT_NE(NULL, text) {
			TH_LOG("docs/debugfs.md describes %s, which is missing", file);
		}
		compare(_metadata, NAME, file, text);
		if (has_any(LINE, file))
			compare(_metadata, LINE, file, text);
		free(text);
		files++;
	}
	EXPECT_GE(files, 15);
}

/* Count the files of directory @path that are no directories; each has to be on the page. */
static int documented_files(struct __test_metadata *_metadata, const char *path,
			    const char *prefix)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char file[300];
	int nr = 0;

	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    (!strncmp(entry->d_name, "heap", 4) && isdigit(entry->d_name[4])))
			continue;
		snprintf(file, sizeof(file), "%s%s", prefix, entry->d_name);
		EXPECT_TRUE(is_on_page(THE_FILE, file, "")) {
			TH_LOG("docs/debugfs.md lacks %s", file);
		}
		nr++;
	}
	closedir(dir);
	return nr;
}

TEST_F(heap, every_file_is_documented_and_every_documented_file_exists)
{
	int nr = 0, shown;
	char path[64];

	snprintf(path, sizeof(path), DEBUGFS_KGC "/heap%u", self->info.heap_id);
	shown = documented_files(_metadata, DEBUGFS_KGC, "") +
		documented_files(_metadata, path, IN_HEAP);
	for (size_t i = 0; i < ARRAY_SIZE(page); i++)
		nr += page[i].kind == THE_FILE;
	/* no file is on the page twice, so equal numbers mean equal sets */
	for (size_t i = 0; i < ARRAY_SIZE(page); i++)
		for (size_t j = 0; j < i; j++)
			EXPECT_FALSE(page[i].kind == page[j].kind &&
				     !strcmp(page[i].file, page[j].file) &&
				     !strcmp(page[i].name, page[j].name));
	EXPECT_EQ(nr, shown);
}

TEST_HARNESS_MAIN
