// SPDX-License-Identifier: GPL-2.0
/*
 * Files in /sys/kernel/debug/kgc are well formed and agree with KGC_STATS and
 * KGC_OPTION_GET. Writing to them steers the heap. Reading them is safe while heaps come
 * and go.
 *
 * kselftest-timeout: 60
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

#include "chain.h"
#include "debugfs_files.h"
#include "heap.h"

/* Names that every release must keep. */
static const char * const stat_names[] = {
	"TotalAlloc", "HeapAlloc", "HeapObjects", "Mallocs", "Frees",
	"HeapSys", "HeapInuse", "HeapIdle", "ReleasedTotalBytes", "NextGC", "NumGC",
	"NumForcedGC", "PauseTotalNs", "LongestStepNs", "LastGC", "Sys",
	"MSpanInuse", "MSpanSys", "MCacheSys", "GCSys", "OtherSys",
};

static const struct { const char *name; __u32 option; } option_names[] = {
	{ "gogc", KGC_OPT_GOGC }, { "period_ms", KGC_OPT_PERIOD_MS },
	{ "soft_limit", KGC_OPT_SOFT_LIMIT },
	{ "hard_limit", KGC_OPT_HARD_LIMIT },
	{ "cpu_percent", KGC_OPT_CPU_PERCENT }, { "verify", KGC_OPT_VERIFY },
	{ "track_sections", KGC_OPT_TRACK_SECTIONS },
	{ "scavenge", KGC_OPT_SCAVENGE }, { "harden", KGC_OPT_HARDEN },
	{ "expedite", KGC_OPT_EXPEDITE },
	{ "profile_bytes", KGC_OPT_PROFILE_BYTES },
};

/* Whether each line is a name, a space and a number, and no name comes twice. */
static bool is_pairs(const char *text)
{
	char names[64][40];
	int nr = 0, used;

	for (; *text; text += used) {
		unsigned long long value;

		used = 0;
		if (nr == 64 ||
		    sscanf(text, "%39[A-Za-z0-9_] %llu%n", names[nr], &value,
			   &used) != 2 || text[used] != '\n')
			return false;
		used++;
		for (int i = 0; i < nr; i++)
			if (!strcmp(names[i], names[nr]))
				return false;
		nr++;
	}
	return nr > 0;
}

static int words_in(const char *line)
{
	int words = 0;

	for (; *line && *line != '\n'; words++) {
		while (*line == ' ')
			line++;
		while (*line && *line != ' ' && *line != '\n')
			line++;
	}
	return words;
}

/* Whether every line has as many columns as the first one, which has their names. */
static bool is_table(const char *text, int *lines)
{
	int columns = words_in(text);

	*lines = 0;
	for (text = strchr(text, '\n'); text && text[1];
	     text = strchr(text + 1, '\n')) {
		if (words_in(text + 1) != columns)
			return false;
		++*lines;
	}
	return text && columns > 1;
}

TEST_F(heap, files_are_for_root_only)
{
	static const char * const files[] = {
		"stats", "classes", "phase", "cycles", "options", "collect",
		"scavenge", "meta", "pageheap", "pages", "spans", "histograms",
		"types", "census",
	};
	char path[128];
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), DEBUGFS_KGC "/heap%u/%s",
			 self->info.heap_id, files[i]);
		ASSERT_EQ(0, stat(path, &st)) {
			TH_LOG("%s: is debugfs mounted?", path);
		}
		EXPECT_EQ(0, st.st_mode & 0077);
		EXPECT_EQ(0, st.st_uid);
	}
}

TEST_F(heap, stats_are_names_and_numbers)
{
	char *text = debugfs_text(self->info.heap_id, "stats");
	__u64 value;

	ASSERT_NE(NULL, text);
	EXPECT_TRUE(is_pairs(text));
	for (size_t i = 0; i < ARRAY_SIZE(stat_names); i++) {
		EXPECT_EQ(0, debugfs_find(text, stat_names[i], &value)) {
			TH_LOG("no line %s", stat_names[i]);
		}
	}
	free(text);
	text = debugfs_text(MODULE_WIDE, "stats");
	ASSERT_NE(NULL, text);
	EXPECT_TRUE(is_pairs(text));
	EXPECT_EQ(0, debugfs_find(text, "Heaps", &value));
	EXPECT_GE(value, 1);
	free(text);
}

static __u64 since_1970(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/*
 * A name from Go's MemStats means the same here. HeapReleased is missing for that reason:
 * in Go it counts returned pages that keep their addresses, and kgc counts no such pages.
 */
TEST_F(heap, names_of_go_mean_what_they_mean_there)
{
	int id = self->info.heap_id;
	__u64 before, value, root;

	EXPECT_EQ(-ENOENT, debugfs_value(id, "stats", "HeapReleased", &value));
	EXPECT_EQ(0, debugfs_value(id, "stats", "LastGC", &value));
	EXPECT_EQ(0, value);
	ASSERT_EQ(0, chain_build(self->fd, self->node, 50000, &root));
	ASSERT_EQ(0, kgc_drop(self->fd, root));
	before = since_1970();
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(0, debugfs_value(id, "stats", "LastGC", &value));
	/* LastGC may be less by the resolution of a microsecond */
	EXPECT_GE(value + 1000, before);
	EXPECT_LE(value, since_1970());
	ASSERT_EQ(0, kgc_scavenge(self->fd, NULL));
	EXPECT_EQ(0, debugfs_value(id, "stats", "ReleasedTotalBytes", &value));
	EXPECT_EQ(stats_of(self->fd).heap_released, value);
	EXPECT_GT(value, 0);
}

/* Sum of the values of @names, which end with a NULL, in the heap's statistics. */
static __u64 sum_of(struct __test_metadata *_metadata, unsigned int id,
		    const char * const *names)
{
	char *text = debugfs_text(id, "stats");
	__u64 sum = 0, value;

	ASSERT_NE(NULL, text);
	for (; *names; names++) {
		ASSERT_EQ(0, debugfs_find(text, *names, &value)) {
			TH_LOG("no line %s", *names);
		}
		sum += value;
	}
	free(text);
	return sum;
}

/* Go's equations between its counters hold, and every cycle has one reason. */
TEST_F(heap, counters_of_go_add_up_as_in_go)
{
	static const char * const sys[] = { "HeapSys", "MSpanSys", "MCacheSys", "GCSys",
		"OtherSys", NULL }, * const sum[] = { "Sys", NULL };
	static const char * const reasons[] = { "NumGCGrowth", "NumGCPeriod",
		"NumForcedGC", "NumGCLimit", "NumGCShrink", NULL }, * const all[] = { "NumGC", NULL };
	static const char * const spans[] = { "MSpanInuse", NULL };
	int id = self->info.heap_id;
	__u64 root, used;

	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_PERIOD_MS, 0));
	EXPECT_EQ(0, sum_of(_metadata, id, spans));
	ASSERT_EQ(0, chain_build(self->fd, self->node, 50000, &root));
	ASSERT_EQ(0, collect_all(self->fd));
	used = sum_of(_metadata, id, spans);
	EXPECT_GT(used, 0);
	EXPECT_EQ(sum_of(_metadata, id, sum), sum_of(_metadata, id, sys));
	EXPECT_EQ(sum_of(_metadata, id, all), sum_of(_metadata, id, reasons));
	ASSERT_EQ(0, kgc_drop(self->fd, root));
	ASSERT_EQ(0, collect_all(self->fd));
	/* structures of the freed spans may be kept for new ones, but are not in use */
	EXPECT_EQ(0, sum_of(_metadata, id, spans));
	EXPECT_EQ(sum_of(_metadata, id, sum), sum_of(_metadata, id, sys));
}

TEST_F(heap, the_module_lists_the_heap_and_counts_its_pages)
{
	char *text, name[16];
	__u64 root, module_sys;
	int lines;

	ASSERT_EQ(0, chain_build(self->fd, self->node, 1000, &root));
	text = debugfs_text(MODULE_WIDE, "heaps");
	ASSERT_NE(NULL, text);
	EXPECT_TRUE(is_table(text, &lines));
	EXPECT_GE(lines, 1);
	snprintf(name, sizeof(name), "\n%u ", self->info.heap_id);
	EXPECT_NE(NULL, strstr(text, name));
	free(text);
	ASSERT_EQ(0, debugfs_value(MODULE_WIDE, "stats", "HeapSys",
				   &module_sys));
	EXPECT_GE(module_sys, stats_of(self->fd).heap_sys);
}

#define MANY	300

/*
 * A slow reader sees every heap that stays open all the time, once and in order. It does
 * not keep other heaps from being closed.
 */
TEST(the_list_goes_on_while_heaps_go)
{
	static char text[1 << 16];
	unsigned int id[MANY], last = 0, found = 0, at;
	struct kgc_info info;
	ssize_t got, used = 0;
	int heap[MANY], fd;
	char *line;

	for (int i = 0; i < MANY; i++) {
		heap[i] = kgc_open();
		ASSERT_GE(heap[i], 0);
		ASSERT_EQ(0, kgc_info(heap[i], &info));
		id[i] = info.heap_id;
	}
	fd = open(DEBUGFS_KGC "/heaps", O_RDONLY | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	for (int i = 0; (got = read(fd, text + used, 64)) > 0; i += 2) {
		used += got;
		if (i < MANY)
			ASSERT_EQ(0, kgc_close(heap[i]));
	}
	EXPECT_EQ(0, got);
	close(fd);
	for (line = strchr(text, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
		ASSERT_EQ(1, sscanf(line + 1, "%u ", &at));
		EXPECT_GT(at, last);
		last = at;
		for (int i = 1; i < MANY; i += 2)
			found += at == id[i];
	}
	EXPECT_EQ(MANY / 2, found);
	for (int i = 1; i < MANY; i += 2)
		kgc_close(heap[i]);
}

/* A process may have any name; the table shows it as one word and stays well formed. */
TEST(a_name_is_one_word)
{
	char *text, name[16] = "", *line;
	int heap, lines;

	ASSERT_EQ(0, prctl(PR_GET_NAME, name));
	ASSERT_EQ(0, prctl(PR_SET_NAME, "a b\x81\tc"));
	heap = kgc_open();
	prctl(PR_SET_NAME, name);
	ASSERT_GE(heap, 0);
	text = debugfs_text(MODULE_WIDE, "heaps");
	ASSERT_NE(NULL, text);
	EXPECT_TRUE(is_table(text, &lines));
	line = strstr(text, "/a_b__c ");
	EXPECT_NE(NULL, line);
	free(text);
	kgc_close(heap);
}

TEST_F(heap, classes_count_the_objects)
{
	unsigned long long class, noscan, size, per_span, spans, mallocs, frees;
	__u64 root, counted = 0;
	char *text, *line;
	int lines;

	ASSERT_EQ(0, chain_build(self->fd, self->node, 3000, &root));
	text = debugfs_text(self->info.heap_id, "classes");
	ASSERT_NE(NULL, text);
	EXPECT_TRUE(is_table(text, &lines));
	for (line = strchr(text, '\n'); line && line[1];
	     line = strchr(line + 1, '\n')) {
		ASSERT_EQ(7, sscanf(line + 1, "%llu %llu %llu %llu %llu %llu %llu",
				    &class, &noscan, &size, &per_span, &spans,
				    &mallocs, &frees));
		EXPECT_LT(class, self->info.nr_classes);
		EXPECT_LE(noscan, 1);
		if (size >= NODE_SIZE && class && !noscan && mallocs)
			counted += mallocs - frees;
	}
	EXPECT_EQ(3000, counted);
	free(text);
}

TEST_F(heap, the_phase_has_a_name)
{
	char *text = debugfs_text(self->info.heap_id, "phase");

	ASSERT_NE(NULL, text);
	EXPECT_STREQ("IDLE\n", text);
	free(text);
}

TEST_F(heap, cycles_are_logged_one_per_line)
{
	struct kgc_stats stats;
	unsigned long long number;
	char *text, *line, reason[16];
	__u64 expected = 1, root;
	int lines;

	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_EQ(0, chain_build(self->fd, self->node, 1000, &root));
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, kgc_collect(self->fd, 1, KGC_COLLECT_WAIT, NULL));
	stats = stats_of(self->fd);
	EXPECT_EQ(3, stats.num_gc);
	text = debugfs_text(self->info.heap_id, "cycles");
	ASSERT_NE(NULL, text);
	EXPECT_TRUE(is_table(text, &lines));
	EXPECT_EQ(3, lines);
	for (line = strchr(text, '\n'); line && line[1];
	     line = strchr(line + 1, '\n')) {
		ASSERT_EQ(2, sscanf(line + 1, "%llu %15s", &number, reason));
		EXPECT_EQ(expected, number);
		EXPECT_STREQ("request", reason);
		expected++;
	}
	free(text);
}

TEST_F(heap, options_read_as_the_ioctl_says_and_can_be_written)
{
	char *text = debugfs_text(self->info.heap_id, "options");
	__u64 shown, value;

	ASSERT_NE(NULL, text);
	EXPECT_TRUE(is_pairs(text));
	for (size_t i = 0; i < ARRAY_SIZE(option_names); i++) {
		int known = kgc_option_get(self->fd, option_names[i].option,
					   &value);
		int line = debugfs_find(text, option_names[i].name, &shown);

		/* An option that this kernel does not have has no line. */
		EXPECT_EQ(known == -EOPNOTSUPP ? -ENOENT : 0, line) {
			TH_LOG("line %s", option_names[i].name);
		}
		if (!known && !line)
			EXPECT_EQ(value, shown);
	}
	free(text);
	EXPECT_EQ(0, debugfs_put(self->info.heap_id, "options", "gogc 250"));
	EXPECT_EQ(0, kgc_option_get(self->fd, KGC_OPT_GOGC, &value));
	EXPECT_EQ(250, value);
	EXPECT_EQ(0, debugfs_put(self->info.heap_id, "options",
				 " cpu_percent\t30 \n"));
	EXPECT_EQ(0, kgc_option_get(self->fd, KGC_OPT_CPU_PERCENT, &value));
	EXPECT_EQ(30, value);
}

/* Write an option from memory that cannot be read. Return: the errno. */
static int errno_of_bad_write(unsigned int id)
{
	void *nothing = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char path[100];
	int fd, err;

	snprintf(path, sizeof(path), DEBUGFS_KGC "/heap%u/options", id);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	err = write(fd, nothing, 8) < 0 ? errno : 0;
	close(fd);
	munmap(nothing, 4096);
	return err;
}

TEST_F(heap, nonsense_is_refused_and_changes_nothing)
{
	static const char * const nonsense[] = {
		"gogc", "gogc ", "gogc x", "gogc 1x", "nothing 1", "cpu_percent 0",
		"cpu_percent 101", "gogc 99999999999999999999999", " ", "\n",
		"gogc -1",
		"gogc 1                                                           ",
	};
	char *before = debugfs_text(self->info.heap_id, "options"), *after;

	ASSERT_NE(NULL, before);
	for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++) {
		EXPECT_GT(0, debugfs_put(self->info.heap_id, "options",
					 nonsense[i])) {
			TH_LOG("'%s'", nonsense[i]);
		}
	}
	EXPECT_EQ(EFAULT, errno_of_bad_write(self->info.heap_id));
	EXPECT_EQ(-EINVAL, debugfs_put(self->info.heap_id, "collect", "0"));
	EXPECT_EQ(-EINVAL, debugfs_put(self->info.heap_id, "collect", "3"));
	EXPECT_EQ(-EINVAL, debugfs_put(self->info.heap_id, "collect", "x"));
	EXPECT_EQ(0, stats_of(self->fd).num_gc);
	after = debugfs_text(self->info.heap_id, "options");
	EXPECT_STREQ(before, after);
	free(before);
	free(after);
}

TEST_F(heap, collect_and_scavenge_can_be_asked_for)
{
	__u64 root, sys;

	ASSERT_EQ(0, chain_build(self->fd, self->node, 50000, &root));
	ASSERT_EQ(0, kgc_drop(self->fd, root));
	sys = stats_of(self->fd).heap_sys;
	ASSERT_EQ(0, debugfs_put(self->info.heap_id, "collect", "2"));
	EXPECT_TRUE(comes_true(stats_of(self->fd).num_gc >= 2));
	EXPECT_EQ(0, stats_of(self->fd).heap_objects);
	ASSERT_EQ(0, debugfs_put(self->info.heap_id, "scavenge", "1"));
	EXPECT_LT(stats_of(self->fd).heap_sys, sys);
}

TEST_F(heap, the_directory_goes_with_the_heap)
{
	__u32 id = self->info.heap_id;
	char path[128], byte;
	int fd;

	snprintf(path, sizeof(path), DEBUGFS_KGC "/heap%u/stats", id);
	fd = open(path, O_RDONLY);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, kgc_close(self->fd));
	EXPECT_TRUE(comes_true(access(path, F_OK)));
	/* An open file outlives its heap, but reading it yields nothing. */
	EXPECT_GE(0, read(fd, &byte, 1));
	close(fd);
	self->fd = kgc_open();
}

/* Open a heap, use it and close it, until killed. */
static void come_and_go(void)
{
	for (;;) {
		int heap = kgc_open();
		__u64 root;

		if (heap < 0 ||
		    chain_build(heap, register_node(heap), 300, &root) ||
		    kgc_collect(heap, 1, 0, NULL) || kgc_close(heap))
			_exit(1);
	}
}

/* Whether @text is pairs, then a line for each tracked section. */
static bool are_sections(char *text)
{
	char *list = strstr(text, "\nsection "), *line;

	for (line = list; line && line[1]; line = strchr(line + 1, '\n'))
		if (strncmp(line + 1, "section pid ", 12))
			return false;
	if (list)
		list[1] = '\0';
	return is_pairs(text);
}

/* Whether the file is well formed, or has gone. Its @name tells which form it has. */
static bool reads_well(const char *path, const char *name)
{
	static char text[1 << 16];
	int fd = open(path, O_RDONLY), lines;
	ssize_t got, used = 0;

	if (fd < 0)
		return errno == ENOENT || errno == EACCES || errno == ENODEV;
	while ((got = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += got;
	close(fd);
	text[used] = '\0';
	/* The heap went away in the middle of it. */
	if (got < 0 || !used)
		return true;
	if (!strcmp(name, "stats") || !strcmp(name, "options") ||
	    !strcmp(name, "meta"))
		return is_pairs(text);
	if (!strcmp(name, "sections"))
		return are_sections(text);
	if (!strcmp(name, "profile"))
		return !strncmp(text, "ProfileVersion ", 15) && strstr(text, "\n\n");
	if (!strcmp(name, "phase"))
		return strchr(text, '\n') == text + used - 1;
	return is_table(text, &lines);
}

static int read_tree(char *bad, size_t size)
{
	DIR *root = opendir(DEBUGFS_KGC);
	struct dirent *heap, *file;
	char path[600];
	int nr = 0;

	while (root && (heap = readdir(root))) {
		DIR *dir;

		if (strncmp(heap->d_name, "heap", 4) || !isdigit(heap->d_name[4]))
			continue;
		snprintf(path, sizeof(path), DEBUGFS_KGC "/%s", heap->d_name);
		dir = opendir(path);
		while (dir && (file = readdir(dir))) {
			/* 'snapshot' has a cycle run for each reader: snapshot.c reads it */
			if (file->d_name[0] == '.' ||
			    !strcmp(file->d_name, "collect") ||
			    !strcmp(file->d_name, "scavenge") ||
			    !strcmp(file->d_name, "snapshot"))
				continue;
			snprintf(path, sizeof(path), DEBUGFS_KGC "/%s/%s",
				 heap->d_name, file->d_name);
			if (!reads_well(path, file->d_name))
				snprintf(bad, size, "%s", path);
			nr++;
		}
		if (dir)
			closedir(dir);
	}
	if (root)
		closedir(root);
	if (!reads_well(DEBUGFS_KGC "/stats", "stats"))
		snprintf(bad, size, DEBUGFS_KGC "/stats");
	if (!reads_well(DEBUGFS_KGC "/heaps", "heaps"))
		snprintf(bad, size, DEBUGFS_KGC "/heaps");
	if (!reads_well(DEBUGFS_KGC "/classes", "classes"))
		snprintf(bad, size, DEBUGFS_KGC "/classes");
	return nr;
}

#define FILES	100

TEST(reading_is_safe_while_heaps_come_and_go)
{
	time_t end = time(NULL) + scaled(4);
	char bad[600] = "";
	pid_t pids[3];
	long files = 0;
	int status;

	for (int i = 0; i < 3; i++) {
		pids[i] = fork();
		ASSERT_GE(pids[i], 0);
		if (!pids[i])
			come_and_go();
	}
	/* at a small scale the time may be over before any heap exists */
	while ((time(NULL) < end || files < FILES) && !*bad)
		files += read_tree(bad, sizeof(bad));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, kill(pids[i], SIGKILL));
		ASSERT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
	}
	EXPECT_STREQ("", bad);
}

TEST_HARNESS_MAIN
