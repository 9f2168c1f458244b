/*
 * See debugging.h. Three kinds of evidence, from the strongest: a file that the feature alone makes, a word of the kernel's
 * command line, and whether its code is in the kernel at all (kallsyms).
 */
#include "core/machine/debugging.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/readers.h"

struct feature {
	const char *name, *what, *switch_on;
	const char *file;     /* there only when it is on; NULL: none */
	const char *word;     /* of the command line, which switches it on; NULL: none */
	const char *function; /* of the kernel, there only when it was built in; NULL: none is known */
};

#define DEBUGFS "sys/kernel/debug"

static const struct feature features[] = {
	{"page_owner", "who allocated each frame: a stack and a PID", "boot with page_owner=on (CONFIG_PAGE_OWNER)",
	 DEBUGFS "/page_owner", "page_owner=on", "__set_page_owner"},
	{"debug_pagealloc", "freed frames are unmapped, so that a use after free is caught",
	 "boot with debug_pagealloc=on (CONFIG_DEBUG_PAGEALLOC)", NULL, "debug_pagealloc=on", NULL},
	{"guard pages", "a guard between allocated frames, with debug_pagealloc",
	 "boot with debug_pagealloc=on debug_guardpage_minorder=1", NULL, "debug_guardpage_minorder=", NULL},
	{"slub_debug", "checks, red zones, poison and owners of slab objects",
	 "boot with slab_debug=FZPU (slub_debug= before 6.6; CONFIG_SLUB_DEBUG)", NULL, NULL, NULL},
	{"KASAN", "use after free and out of bounds, by shadow memory", "build with CONFIG_KASAN", NULL, NULL,
	 "kasan_report"},
	{"KFENCE", "the same, of a few sampled objects", "boot with kfence.sample_interval=100 (CONFIG_KFENCE)", NULL,
	 NULL, "__kfence_alloc"},
	{"kmemleak", "objects of the kernel that nothing points to", "boot with kmemleak=on (CONFIG_DEBUG_KMEMLEAK)",
	 DEBUGFS "/kmemleak", "kmemleak=on", "kmemleak_alloc"},
	{"idle tracking", "which frames were not used since they were marked", "build with CONFIG_IDLE_PAGE_TRACKING",
	 "sys/kernel/mm/page_idle/bitmap", NULL, NULL},
	{"page poisoning", "freed frames are overwritten", "boot with page_poison=1 (CONFIG_PAGE_POISONING)", NULL,
	 "page_poison=1", "__kernel_poison_pages"},
	{"page table check", "frames mapped as what they are not",
	 "boot with page_table_check=on (CONFIG_PAGE_TABLE_CHECK)", NULL, "page_table_check=on",
	 "__page_table_check_zero"},
	{"allocation profiling", "bytes by the line of the kernel's source that allocated them",
	 "sysctl vm.mem_profiling=1 (CONFIG_MEM_ALLOC_PROFILING)", "proc/allocinfo", NULL, NULL},
	{"init_on_free", "freed memory is zeroed", "boot with init_on_free=1", NULL, "init_on_free=1", NULL},
};
#define N (sizeof(features) / sizeof(*features))
_Static_assert(N == PT_DEBUG_FEATURES, "all of them have room");

const char *pt_debug_state_name(enum pt_debug_state state)
{
	static const char *const names[] = {"unknown", "not built in", "off", "on"};
	return names[state];
}

/* What all features are judged by. */
struct evidence {
	struct pt_kernel *k;
	char *words; /* of the command line; NULL: not known */
	struct pt_code code[N];
	bool has_code, has_debugfs;
};

static bool is_there(struct pt_kernel *k, const char *path)
{
	struct pt_file_stat stat;
	return k->ops->stat(k, path, &stat) == 0;
}

static int note_any(void *arg, const char *name)
{
	(void)name;
	*(bool *)arg = true;
	return 1;
}

static void gather(struct pt_kernel *k, struct evidence *e)
{
	const char *names[N];
	size_t size;

	*e = (struct evidence){.k = k};
	for (size_t i = 0; i < N; i++) /* a name that no function has where none is known */
		names[i] = features[i].function ? features[i].function : "no such function";
	if (pt_kernel_slurp(k, "proc/cmdline", &e->words, &size))
		e->words = NULL;
	/* a function that every kernel has says whether names are to be had at all */
	const char *always[] = {"kmem_cache_free"};
	struct pt_code any;
	e->has_code = pt_read_kernel_code(k, always, 1, &any) == 0;
	if (e->has_code && pt_read_kernel_code(k, names, N, e->code))
		memset(e->code, 0, sizeof(e->code));
	k->ops->list(k, DEBUGFS, note_any, &e->has_debugfs);
}

/* Whether the command line has it as a word of its own, or as the beginning of one that ends in '='. */
static bool has_word(const char *line, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = line; at && (at = strstr(at, word)); at += n) {
		bool begins = at == line || at[-1] == ' ';
		bool ends = word[n - 1] == '=' || !at[n] || strchr(" \n,", at[n]);
		if (begins && ends)
			return true;
	}
	return false;
}

static enum pt_debug_state judge(const struct evidence *e, size_t i)
{
	const struct feature *f = &features[i];
	bool in_debugfs = f->file && !strncmp(f->file, DEBUGFS, strlen(DEBUGFS));

	if (f->file && is_there(e->k, f->file))
		return PT_DEBUG_ON;
	if (f->function && e->has_code && !e->code[i].start)
		return PT_DEBUG_ABSENT;
	if (f->file && !in_debugfs)
		return PT_DEBUG_ABSENT; /* its file is there whenever it was built in */
	if (in_debugfs && e->has_debugfs)
		return PT_DEBUG_OFF;
	if (!f->word || !e->words)
		return PT_DEBUG_UNKNOWN;
	/* asked for at boot: whether it was built in decides, and that is known only of what has a function */
	if (has_word(e->words, f->word))
		return f->function && e->has_code ? PT_DEBUG_ON : PT_DEBUG_UNKNOWN;
	return f->function && !e->has_code ? PT_DEBUG_UNKNOWN : PT_DEBUG_OFF;
}

/* ---- those with a way of their own ------------------------------------------------------------------------------ */

static bool read_number(struct pt_kernel *k, const char *path, unsigned long *ret)
{
	char *text;
	size_t size;

	if (pt_kernel_slurp(k, path, &text, &size))
		return false;
	*ret = strtoul(text, NULL, 10);
	free(text);
	return true;
}

struct caches {
	struct pt_kernel *k;
	unsigned n, watched, refused;
};

static int note_cache(void *arg, const char *name)
{
	static const char *const files[] = {"sanity_checks", "red_zone", "poison", "store_user"};
	struct caches *c = arg;
	char path[160];
	unsigned long value;
	bool any = false, known = false;

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "sys/kernel/slab/%.100s/%s", name, files[i]);
		if (read_number(c->k, path, &value)) {
			known = true;
			any = any || value;
		}
	}
	c->n++;
	c->watched += any;
	c->refused += !known;
	return 0;
}

static void judge_slub(struct pt_kernel *k, struct pt_debug_feature *f)
{
	struct caches c = {.k = k};

	if (k->ops->list(k, "sys/kernel/slab", note_cache, &c) < 0 || c.refused == c.n) {
		f->state = PT_DEBUG_UNKNOWN;
		return;
	}
	f->state = c.watched ? PT_DEBUG_ON : PT_DEBUG_OFF;
	snprintf(f->detail, sizeof(f->detail), "%u of %u caches are watched", c.watched, c.n);
}

static void judge_kfence(struct pt_kernel *k, struct pt_debug_feature *f)
{
	unsigned long interval;

	if (!read_number(k, "sys/module/kfence/parameters/sample_interval", &interval))
		return;
	f->state = interval ? PT_DEBUG_ON : PT_DEBUG_OFF;
	if (interval)
		snprintf(f->detail, sizeof(f->detail), "an object every %lu ms", interval);
}

static void judge_profiling(struct pt_kernel *k, struct pt_debug_feature *f)
{
	unsigned long on;

	if (f->state == PT_DEBUG_ON && read_number(k, "proc/sys/vm/mem_profiling", &on) && !on)
		f->state = PT_DEBUG_OFF;
}

size_t pt_debugging_read(struct pt_kernel *k, struct pt_debug_feature ret[PT_DEBUG_FEATURES])
{
	struct evidence e;

	gather(k, &e);
	for (size_t i = 0; i < N; i++) {
		const struct feature *f = &features[i];
		ret[i] = (struct pt_debug_feature){f->name, f->what, f->switch_on, judge(&e, i), ""};
		if (f->word && e.words && ret[i].state != PT_DEBUG_ABSENT)
			snprintf(ret[i].detail, sizeof(ret[i].detail), "%s at boot",
				 has_word(e.words, f->word) ? "asked for" : "not asked for");
		if (!strcmp(f->name, "slub_debug"))
			judge_slub(k, &ret[i]);
		else if (!strcmp(f->name, "KFENCE"))
			judge_kfence(k, &ret[i]);
		else if (!strcmp(f->name, "allocation profiling"))
			judge_profiling(k, &ret[i]);
	}
	free(e.words);
	return N;
}
