/*
 * The files of a fixture, in the formats of Linux 6.18. smaps is summed here from the pages by the rules of
 * fs/proc/task_mmu.c, without any of pagetop's own code.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/kernel/abi.h"
#include "tests/support/fixture_model.h"

static void make_folders(struct fixture *f, const char *path)
{
	char whole[512];
	snprintf(whole, sizeof(whole), "%s/%s", f->root, path);
	for (char *slash = whole + strlen(f->root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		if (mkdir(whole, 0755) && errno != EEXIST)
			fail_msg("fixture: can't make %s: %s", whole, strerror(errno));
	}
}

static int open_file(struct fixture *f, const char *path, int flags)
{
	char whole[512];
	snprintf(whole, sizeof(whole), "%s/%s", f->root, path);
	int fd = open(whole, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
	if (fd < 0 && errno == ENOENT) {
		make_folders(f, path);
		fd = open(whole, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
	}
	if (fd < 0)
		fail_msg("fixture: can't write %s: %s", whole, strerror(errno));
	return fd;
}

static void write_at(struct fixture *f, const char *path, const void *bytes, size_t size, uint64_t offset, int flags)
{
	int fd = open_file(f, path, flags);
	if (pwrite(fd, bytes, size, (off_t)offset) != (ssize_t)size)
		fail_msg("fixture: can't write %s: %s", path, strerror(errno));
	close(fd);
}

void fixture_write_bytes(struct fixture *f, const char *path, const void *bytes, size_t size)
{
	write_at(f, path, bytes, size, 0, O_TRUNC);
}

void fixture_write(struct fixture *f, const char *path, const char *text)
{
	fixture_write_bytes(f, path, text, strlen(text));
}

void fixture_files_word(struct fixture *f, const char *path, uint64_t index, uint64_t word)
{
	write_at(f, path, &word, sizeof(word), index * sizeof(word), 0);
}

void fixture_files_page(struct fixture *f, pid_t pid, uint64_t address, const struct fixture_page *page)
{
	char path[64];
	uint64_t entry = page ? page->entry : 0;

	/* Without privileges, the kernel leaves the PFN, or swap type and offset, out. */
	if (page && page->hidden)
		entry &= ~PM_PFN_MASK;
	snprintf(path, sizeof(path), "proc/%d/pagemap", (int)pid);
	fixture_files_word(f, path, address >> f->page_shift, entry);
	snprintf(path, sizeof(path), "proc/%d/categories", (int)pid);
	fixture_files_word(f, path, address >> f->page_shift, page ? page->categories : 0);
}

void fixture_files_backing(struct fixture *f, pid_t pid, const struct fixture_vma *vma, uint64_t address, char byte)
{
	char path[96];
	snprintf(path, sizeof(path), "proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)pid, vma->start, vma->end);
	write_at(f, path, &byte, 1, (vma->offset + address - vma->start) >> f->page_shift, 0);
}

/* ---- maps and smaps --------------------------------------------------------------------------------------------- */

struct sums { /* bytes; pss << 12 */
	uint64_t size, rss, pss, shared_clean, shared_dirty, private_clean, private_dirty, referenced, anonymous, ksm,
		lazyfree, anon_huge, shmem_pmd, file_pmd, shared_hugetlb, private_hugetlb, swap, locked;
	uint64_t rss_anon, rss_file, rss_shmem, swap_anon; /* of status */
};

static void add_mapped(struct sums *s, const struct fixture_page *page, uint64_t size)
{
	bool anon = page->flags & KPF(ANON), shmem = !anon && page->flags & KPF(SWAPBACKED);
	bool lazyfree = anon && !(page->flags & KPF(SWAPBACKED));
	bool dirty = page->flags & KPF(DIRTY) || (anon && !lazyfree);
	bool migrating = page->entry & PM_SWAP; /* "maybe shared, who knows with how many": smaps_account(), 6.10 */
	bool shared = page->count >= 2 || migrating;

	s->rss += size;
	s->pss += (size << 12) / (shared && !migrating ? page->count : 1);
	*(shared ? dirty ? &s->shared_dirty : &s->shared_clean : dirty ? &s->private_dirty : &s->private_clean) += size;
	s->referenced += page->flags & KPF(REFERENCED) ? size : 0;
	s->anonymous += anon ? size : 0;
	s->ksm += page->flags & KPF(KSM) ? size : 0;
	s->lazyfree += lazyfree ? size : 0;
	if (page->categories & PS_HUGE)
		*(anon ? &s->anon_huge : shmem ? &s->shmem_pmd : &s->file_pmd) += size;
	*(anon ? &s->rss_anon : shmem ? &s->rss_shmem : &s->rss_file) += size;
}

static void add_page(struct sums *s, const struct fixture_page *page, uint64_t size)
{
	uint64_t type = page->entry & 31;

	if (page->evicted) {
		s->swap += size;
	} else if (page->entry & PM_SWAP) {
		if (type == PM_SWAP_TYPE_MIGRATION)
			add_mapped(s, page, size);
		else if (type < PM_SWAP_TYPE_SPECIAL) {
			s->swap += size;
			s->swap_anon += size;
		}
	} else if (page->flags & KPF(HUGE)) {
		*(page->count >= 2 ? &s->shared_hugetlb : &s->private_hugetlb) += size;
	} else if (!(page->flags & (KPF(ZERO_PAGE) | KPF(NOPAGE)))) {
		add_mapped(s, page, size);
	}
}

static struct sums sum_vma(const struct fixture *f, const struct fixture_process *process, size_t i, size_t *at)
{
	const struct fixture_vma *vma = &process->vmas[i];
	struct sums sums = {.size = vma->end - vma->start};

	while (*at < process->n_pages && process->pages[*at].address < vma->start)
		(*at)++;
	for (; *at < process->n_pages && process->pages[*at].address < vma->end; (*at)++)
		add_page(&sums, &process->pages[*at], (uint64_t)1 << f->page_shift);
	if (strstr(vma->flags, "lo"))
		sums.locked = sums.pss;
	return sums;
}

static void add_sums(struct sums *to, const struct sums *from)
{
	for (size_t i = 0; i < sizeof(*to) / sizeof(uint64_t); i++)
		((uint64_t *)to)[i] += ((const uint64_t *)from)[i];
}

static void print_vma(FILE *out, const struct fixture_vma *vma)
{
	int n = fprintf(out, "%08" PRIx64 "-%08" PRIx64 " %s %08" PRIx64 " %02x:%02x %" PRIu64 " ", vma->start,
			vma->end, vma->perms, vma->offset, vma->dev_major, vma->dev_minor, vma->inode);
	if (*vma->name)
		fprintf(out, "%*s", n < 73 ? 73 - n : 0, "");
	for (const char *c = vma->name; *c; c++)
		fprintf(out, *c == '\n' ? "\\012" : "%c", *c);
	fputc('\n', out);
}

static void print_sums(FILE *out, const struct sums *s)
{
	const struct {
		const char *key;
		uint64_t bytes;
	} lines[] = {
		{"Rss:", s->rss},
		{"Pss:", s->pss >> 12},
		{"Shared_Clean:", s->shared_clean},
		{"Shared_Dirty:", s->shared_dirty},
		{"Private_Clean:", s->private_clean},
		{"Private_Dirty:", s->private_dirty},
		{"Referenced:", s->referenced},
		{"Anonymous:", s->anonymous},
		{"KSM:", s->ksm},
		{"LazyFree:", s->lazyfree},
		{"AnonHugePages:", s->anon_huge},
		{"ShmemPmdMapped:", s->shmem_pmd},
		{"FilePmdMapped:", s->file_pmd},
		{"Shared_Hugetlb:", s->shared_hugetlb},
		{"Private_Hugetlb:", s->private_hugetlb},
		{"Swap:", s->swap},
		{"SwapPss:", s->swap_anon},
		{"Locked:", s->locked >> 12},
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		fprintf(out, "%-16s%8" PRIu64 " kB\n", lines[i].key, lines[i].bytes >> 10);
}

static void print_smaps(FILE *out, const struct fixture *f, const struct fixture_vma *vma, const struct sums *sums)
{
	print_vma(out, vma);
	fprintf(out, "Size:           %8" PRIu64 " kB\nKernelPageSize: %8u kB\nMMUPageSize:    %8u kB\n",
		sums->size >> 10, 1u << f->page_shift >> 10, 1u << f->page_shift >> 10);
	print_sums(out, sums);
	fprintf(out, "THPeligible:           0\nVmFlags: rd mr mw me %s \n", vma->flags);
}

/* ---- the files of a process ------------------------------------------------------------------------------------- */

static FILE *create(struct fixture *f, const struct fixture_process *process, const char *name)
{
	char path[64];
	snprintf(path, sizeof(path), "proc/%d/%s", (int)process->pid, name);
	return fixture_checked(fdopen(open_file(f, path, O_TRUNC), "w"));
}

static struct sums write_maps(struct fixture *f, const struct fixture_process *process)
{
	FILE *maps = create(f, process, "maps"), *smaps = create(f, process, "smaps");
	struct sums total = {0};
	size_t at = 0;

	for (size_t i = 0; i < process->n_vmas; i++) {
		struct sums sums = sum_vma(f, process, i, &at);
		print_vma(maps, &process->vmas[i]);
		print_smaps(smaps, f, &process->vmas[i], &sums);
		add_sums(&total, &sums);
	}
	fclose(maps);
	fclose(smaps);
	return total;
}

static void write_rollup(struct fixture *f, const struct fixture_process *process, const struct sums *total)
{
	FILE *out = create(f, process, "smaps_rollup");
	struct fixture_vma all = {.perms = "---p", .name = (char *)"[rollup]"};
	if (process->n_vmas) {
		all.start = process->vmas[0].start;
		all.end = process->vmas[process->n_vmas - 1].end;
	}
	print_vma(out, &all);
	print_sums(out, total);
	fclose(out);
}

static void write_stat(struct fixture *f, const struct fixture_process *process)
{
	FILE *out = create(f, process, "stat");
	fprintf(out,
		"%d (%s) %c %d %d %d 0 -1 %u 99 0 7 0 30 12 0 0 20 0 %u 0 %" PRIu64 " 3133440 418 1 1 1 %" PRIu64
		" 0 0 0 0 0\n",
		(int)process->pid, process->name, process->state, (int)process->parent, (int)process->pid,
		(int)process->pid, process->kthread ? 0x00208040u : 0x00400000u, process->threads, process->start_time,
		process->start_stack);
	fclose(out);
}

static uint64_t locked_size(const struct fixture_process *process)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < process->n_vmas; i++)
		if (strstr(process->vmas[i].flags, "lo"))
			bytes += process->vmas[i].end - process->vmas[i].start;
	return bytes;
}

static void write_status(struct fixture *f, const struct fixture_process *process, const struct sums *total)
{
	FILE *out = create(f, process, "status");
	unsigned uid = process->uid;

	fputs("Name:\t", out);
	for (const char *c = process->name; *c; c++)
		fprintf(out, *c == '\n' ? "\\n" : "%c", *c);
	fprintf(out, "\nState:\t%c\nTgid:\t%d\nPid:\t%d\nUid:\t%u\t%u\t%u\t%u\n", process->state, (int)process->pid,
		(int)process->pid, uid, uid, uid, uid);
	/* threads of the kernel and zombies have no memory, and no lines about it */
	if (process->n_vmas)
		fprintf(out,
			"VmLck:\t%8" PRIu64 " kB\nVmHWM:\t%8" PRIu64 " kB\nVmRSS:\t%8" PRIu64 " kB\nRssAnon:\t%8" PRIu64
			" kB\nRssFile:\t%8" PRIu64 " kB\nRssShmem:\t%8" PRIu64 " kB\nVmSwap:\t%8" PRIu64 " kB\n",
			locked_size(process) >> 10, total->rss >> 10, total->rss >> 10, total->rss_anon >> 10,
			total->rss_file >> 10, total->rss_shmem >> 10, total->swap_anon >> 10);
	fprintf(out, "Threads:\t%u\n", process->threads);
	fclose(out);
}

/* Files that must be there, but that a test may have filled. */
static void touch(struct fixture *f, const struct fixture_process *process, const char *name, const char *text)
{
	char path[64];
	snprintf(path, sizeof(path), "proc/%d/%s", (int)process->pid, name);
	int fd = open_file(f, path, 0);
	struct stat st;
	if (!fstat(fd, &st) && st.st_size == 0)
		dprintf(fd, "%s", text);
	close(fd);
}

/* A pagemap has entries up to the end of what a process can map: 47 bits of address, or 56 with five levels. */
static void extend(struct fixture *f, const struct fixture_process *process, const char *name)
{
	char path[64];
	unsigned bits = 47;
	struct stat st;

	for (size_t i = 0; i < process->n_vmas; i++)
		if (process->vmas[i].end >> 47 && !(process->vmas[i].end >> 56))
			bits = 56;
	off_t size = (off_t)((uint64_t)1 << (bits - f->page_shift)) * 8;
	snprintf(path, sizeof(path), "proc/%d/%s", (int)process->pid, name);
	int fd = open_file(f, path, 0);
	if (fstat(fd, &st) || (st.st_size < size && ftruncate(fd, size)))
		fail_msg("fixture: can't extend %s: %s", path, strerror(errno));
	close(fd);
}

void fixture_files_write(struct fixture *f, const struct fixture_process *process)
{
	char path[64];
	struct sums total = write_maps(f, process);

	write_rollup(f, process, &total);
	write_stat(f, process);
	write_status(f, process, &total);
	touch(f, process, "cgroup", "0::/\n");
	extend(f, process, "pagemap");
	extend(f, process, "categories");
	snprintf(path, sizeof(path), "task/%d/comm", (int)process->pid);
	touch(f, process, path, process->name);
}
