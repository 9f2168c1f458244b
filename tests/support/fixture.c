/*
 * The text of a fixture, line by line, into its model and from there into files; see fixture.h.
 */
#include "tests/support/fixture.h"

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/fixture_model.h"

void fixture_line_complain(const struct fixture_line *line, const char *what)
{
	fail_msg("fixture: %s: \"%s\"", what, line->whole);
	abort(); /* not reached: tells the compiler so */
}

char *fixture_line_word(struct fixture_line *line)
{
	line->rest += strspn(line->rest, " \t");
	if (!*line->rest)
		return NULL;
	char *word = line->rest;
	line->rest += strcspn(line->rest, " \t");
	if (*line->rest)
		*line->rest++ = '\0';
	return word;
}

char *fixture_line_want(struct fixture_line *line)
{
	char *word = fixture_line_word(line);
	if (!word)
		fixture_line_complain(line, "something is missing at the end");
	return word;
}

/* If the next word is "key=value", takes it and returns the value. */
char *fixture_line_option(struct fixture_line *line, const char *key)
{
	size_t n = strlen(key);
	line->rest += strspn(line->rest, " \t");
	if (strncmp(line->rest, key, n) != 0 || line->rest[n] != '=')
		return NULL;
	return fixture_line_word(line) + n + 1;
}

uint64_t fixture_line_number(const struct fixture_line *line, const char *text, int base)
{
	char *end;
	errno = 0;
	uint64_t n = strtoull(text, &end, base);
	if (errno || end == text || *end)
		fixture_line_complain(line, "not a number");
	return n;
}

/* "ADDR" (a page, or a frame) or "START-END". */
void fixture_line_range(const struct fixture_line *line, char *text, int base, uint64_t unit, uint64_t *start,
			uint64_t *end)
{
	char *dash = strchr(text, '-');
	if (dash)
		*dash++ = '\0';
	*start = fixture_line_number(line, text, base);
	*end = dash ? fixture_line_number(line, dash, base) : *start + unit;
	if (*end <= *start || *start % unit || *end % unit)
		fixture_line_complain(line, "not a range of whole pages");
}

uint64_t fixture_line_page_size(const struct fixture_line *line)
{
	return (uint64_t)1 << line->f->page_shift;
}

struct fixture_process *fixture_line_process(const struct fixture_line *line)
{
	if (!line->f->in)
		fixture_line_complain(line, "no process line before this one");
	return line->f->in;
}

void *fixture_checked(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* ---- processes -------------------------------------------------------------------------------------------------- */

static void free_process(struct fixture_process *process)
{
	for (size_t i = 0; i < process->n_vmas; i++)
		free(process->vmas[i].name);
	free(process->vmas);
	free(process->pages);
	free(process->name);
	free(process);
}

static struct fixture_process **find_process(struct fixture *f, pid_t pid)
{
	for (size_t i = 0; i < f->n_processes; i++)
		if (f->processes[i]->pid == pid)
			return &f->processes[i];
	return NULL;
}

void fixture_end(struct fixture *f, pid_t pid)
{
	char path[32];
	struct fixture_process **process = find_process(f, pid);
	if (!process)
		fail_msg("fixture: no process %d", (int)pid);
	snprintf(path, sizeof(path), "proc/%d", (int)pid);
	fixture_remove(f, path);
	if (f->in == *process)
		f->in = NULL;
	free_process(*process);
	*process = f->processes[--f->n_processes];
}

static void line_process(struct fixture_line *line)
{
	struct fixture *f = line->f;
	struct fixture_process *process = fixture_checked(calloc(1, sizeof(*process)));
	char *value;

	process->pid = (pid_t)fixture_line_number(line, fixture_line_want(line), 10);
	process->state = *fixture_line_want(line);
	process->start_time = 1;
	process->threads = 1;
	process->parent = 1;
	for (;;)
		if ((value = fixture_line_option(line, "start")))
			process->start_time = fixture_line_number(line, value, 0);
		else if ((value = fixture_line_option(line, "uid")))
			process->uid = (unsigned)fixture_line_number(line, value, 0);
		else if ((value = fixture_line_option(line, "threads")))
			process->threads = (unsigned)fixture_line_number(line, value, 0);
		else if ((value = fixture_line_option(line, "parent")))
			process->parent = (pid_t)fixture_line_number(line, value, 0);
		else if ((value = fixture_line_option(line, "stack")))
			process->start_stack = fixture_line_number(line, value, 16);
		else if ((value = fixture_line_option(line, "kthread")))
			process->kthread = fixture_line_number(line, value, 0);
		else
			break;
	process->name = fixture_checked(strdup(line->rest));

	if (find_process(f, process->pid))
		fixture_end(f, process->pid);
	f->processes =
		fixture_checked(reallocarray(f->processes, f->n_processes + 1, sizeof(struct fixture_process *)));
	f->processes[f->n_processes++] = process;
	f->in = process;
	fixture_files_write(f, process);
}

static void line_in(struct fixture_line *line)
{
	struct fixture_process **process = find_process(line->f,
							(pid_t)fixture_line_number(line, fixture_line_want(line), 10));
	if (!process)
		fixture_line_complain(line, "no such process");
	line->f->in = *process;
}

/* ---- VMAs ------------------------------------------------------------------------------------------------------- */

bool fixture_vma_is_shmem(const struct fixture_vma *vma)
{
	return vma->name && vma->name[0] == '/' && vma->dev_major == 0;
}

static bool is_shmem_name(const char *name)
{
	static const char *const prefixes[] = {"/memfd:", "/dev/shm/", "/dev/zero", "/SYSV"};
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

static void insert_vma(struct fixture_line *line, const struct fixture_vma *vma)
{
	struct fixture_process *process = fixture_line_process(line);
	size_t at = process->n_vmas;

	process->vmas = fixture_checked(reallocarray(process->vmas, process->n_vmas + 1, sizeof(*process->vmas)));
	while (at > 0 && process->vmas[at - 1].start >= vma->end)
		at--;
	if (at > 0 && process->vmas[at - 1].end > vma->start)
		fixture_line_complain(line, "overlaps another VMA");
	memmove(&process->vmas[at + 1], &process->vmas[at], (process->n_vmas - at) * sizeof(*vma));
	process->vmas[at] = *vma;
	process->n_vmas++;
}

static void line_vma(struct fixture_line *line)
{
	struct fixture_vma vma = {0};
	char *value;
	bool named, has_inode = false, has_minor = false;

	fixture_line_range(line, fixture_line_want(line), 16, fixture_line_page_size(line), &vma.start, &vma.end);
	const char *perms = fixture_line_want(line);
	if (strlen(perms) != 4)
		fixture_line_complain(line, "permissions are four letters");
	memcpy(vma.perms, perms, 5);
	for (;;)
		if ((value = fixture_line_option(line, "offset")))
			vma.offset = fixture_line_number(line, value, 0);
		else if ((value = fixture_line_option(line, "inode")))
			vma.inode = fixture_line_number(line, value, 0), has_inode = true;
		else if ((value = fixture_line_option(line, "minor")))
			vma.dev_minor = (unsigned)fixture_line_number(line, value, 0), has_minor = true;
		else if ((value = fixture_line_option(line, "flags")))
			for (char *at = strcpy(vma.flags, value); (at = strchr(at, ',')); *at = ' ')
				;
		else
			break;
	named = *line->rest == '/';
	if (named && !has_inode)
		vma.inode = line->f->next_inode++;
	vma.dev_major = named && !has_minor && !is_shmem_name(line->rest) ? 0xfe : 0;
	if (!has_minor)
		vma.dev_minor = named ? 1 : 0;
	vma.name = fixture_checked(strdup(line->rest));
	insert_vma(line, &vma);
	if (fixture_vma_is_shmem(&vma))
		fixture_files_backing(line->f, fixture_line_process(line)->pid, &vma, vma.start, 0);
}

/* Cuts [start, end) out of a VMA; what is above the hole becomes one of its own. */
static void cut_vma(struct fixture_line *line, size_t i, uint64_t start, uint64_t end)
{
	struct fixture_process *process = fixture_line_process(line);
	struct fixture_vma above = process->vmas[i], *vma = &process->vmas[i];

	above.start = end;
	above.offset += vma->offset || vma->inode ? end - vma->start : 0;
	bool keeps_above = end < vma->end;
	if (start > vma->start) {
		vma->end = start;
		above.name = keeps_above ? fixture_checked(strdup(vma->name)) : NULL;
	} else {
		process->n_vmas--;
		memmove(vma, vma + 1, (process->n_vmas - i) * sizeof(*vma));
		if (!keeps_above)
			free(above.name);
	}
	if (keeps_above)
		insert_vma(line, &above);
}

static void line_unmap(struct fixture_line *line)
{
	struct fixture_process *process = fixture_line_process(line);
	uint64_t start, end;

	fixture_line_range(line, fixture_line_want(line), 16, fixture_line_page_size(line), &start, &end);
	for (size_t i = process->n_vmas; i-- > 0;) {
		const struct fixture_vma *vma = &process->vmas[i];
		if (vma->start < end && vma->end > start)
			cut_vma(line, i, start > vma->start ? start : vma->start, end < vma->end ? end : vma->end);
	}
	fixture_drop_pages(line->f, process, start, end);
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static void apply(struct fixture *f, char *text, const char *whole)
{
	static const struct {
		const char *word;
		void (*apply)(struct fixture_line *line);
	} verbs[] = {
		{"process", line_process},
		{"in", line_in},
		{"vma", line_vma},
		{"unmap", line_unmap},
		{"page", fixture_line_page},
		{"pages", fixture_line_page},
		{"swap", fixture_line_swap},
		{"evicted", fixture_line_evicted},
		{"marker", fixture_line_marker},
		{"frame", fixture_line_frame},
		{"frames", fixture_line_frame},
		{"migrating", fixture_line_migrating},
	};
	struct fixture_line line = {.f = f, .rest = text, .whole = whole};
	const char *verb = fixture_line_word(&line);

	if (!verb || *verb == '#')
		return;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(verb, verbs[i].word)) {
			verbs[i].apply(&line);
			return;
		}
	fixture_line_complain(&line, "a line begins with a word that is none of its verbs");
}

void fixture_add(struct fixture *f, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		char *line = fixture_checked(strndup(text, n)), *whole = fixture_checked(strdup(line));
		apply(f, line, whole);
		free(line);
		free(whole);
		text += n + (text[n] == '\n');
	}
	for (size_t i = 0; i < f->n_processes; i++)
		fixture_files_write(f, f->processes[i]);
}

static struct fixture *all; /* those whose folders still have to go */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void remove_all(void)
{
	for (const struct fixture *f = all; f; f = f->next)
		if (f->owner == getpid())
			nftw(f->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void fixture_remove(struct fixture *f, const char *path)
{
	char whole[512];
	snprintf(whole, sizeof(whole), "%s/%s", f->root, path);
	if (nftw(whole, remove_one, 16, FTW_DEPTH | FTW_PHYS))
		fail_msg("fixture: can't remove %s: %s", whole, strerror(errno));
}

struct fixture *fixture_new(unsigned page_size, const char *text)
{
	struct fixture *f = fixture_checked(calloc(1, sizeof(*f)));

	/* tmpfs takes files as long as a pagemap of 5-level page tables. */
	strcpy(f->root, access("/dev/shm", W_OK) ? "/tmp/pagetop-XXXXXX" : "/dev/shm/pagetop-XXXXXX");
	if (!mkdtemp(f->root))
		fail_msg("fixture: can't make %s: %s", f->root, strerror(errno));
	static bool registered;
	if (!registered)
		atexit(remove_all);
	registered = true;
	f->owner = getpid();
	f->page_shift = (unsigned)__builtin_ctz(page_size);
	f->next_inode = 1000;
	f->next = all;
	all = f;
	fixture_write(f, "proc/kpageflags", "");
	fixture_write(f, "proc/kpagecount", "");
	fixture_write(f, "proc/kpagecgroup", "");
	fixture_add(f, text);
	return f;
}

void fixture_free(struct fixture *f)
{
	if (!f)
		return;
	fixture_remove(f, "");
	struct fixture **at = &all;
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	for (size_t i = 0; i < f->n_processes; i++)
		free_process(f->processes[i]);
	free(f->processes);
	free(f);
}

const char *fixture_root(const struct fixture *f)
{
	return f->root;
}

struct pt_kernel *fixture_kernel(const struct fixture *f)
{
	struct pt_kernel *k;
	int error = pt_kernel_linux_new(&k, f->root, f->page_shift);
	if (error)
		fail_msg("fixture: no kernel on %s: %s", f->root, strerror(-error));
	return k;
}
