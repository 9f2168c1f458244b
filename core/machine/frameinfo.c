/*
 * Reading one frame, and saying it; see frameinfo.h.
 */
#include "core/machine/frameinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/kernel/abi.h"
#include "core/kernel/parse.h"
#include "core/machine/bulk.h"
#include "core/machine/pageowner.h"
#include "core/machine/ram.h"
#include "core/text/text.h"

#define PAGE_OWNER "sys/kernel/debug/page_owner"
#define ORDERS_MAX 16u

static struct pt_maybe some(uint64_t value)
{
	return (struct pt_maybe){.value = value, .known = true};
}

/* ---- free blocks ------------------------------------------------------------------------------------------------ */

/* "Node 0, zone      DMA      1      1 ...": a number for each order. */
static unsigned count_orders(struct pt_kernel *k)
{
	char *text;
	size_t size;
	uint64_t n;
	unsigned orders = 0;
	if (pt_kernel_slurp(k, "proc/buddyinfo", &text, &size))
		return 0;
	const char *zone = strstr(text, "zone ");
	struct pt_cursor c = {zone ? zone + strlen("zone ") : text + size, text + size}, line;
	if (pt_cut_line(&c, &line)) {
		pt_skip_blanks(&line);
		while (line.at < line.end && *line.at != ' ')
			line.at++;
		for (pt_skip_blanks(&line); pt_take_decimal(&line, &n); pt_skip_blanks(&line))
			orders++;
	}
	free(text);
	return orders < ORDERS_MAX ? orders : ORDERS_MAX;
}

static bool all_free(const uint64_t *flags, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (!(flags[i] & KPF(BUDDY)))
			return false;
	return true;
}

/* Two free buddies are always one block, so its block is the largest aligned one around it that is free throughout. */
static void find_free_block(struct pt_kernel *k, struct pt_frame_info *info)
{
	unsigned orders = count_orders(k), order = 0;
	uint64_t most = orders ? 1ull << (orders - 1) : 0, first = info->facts.pfn & ~(most - 1);
	uint64_t *flags = calloc(most ? most : 1, sizeof(*flags));
	int fd = most && flags ? k->ops->open(k, "proc/kpageflags", O_RDONLY) : -1;
	if (fd >= 0 && pt_bulk_read(k, fd, first, (size_t)most, flags) > 0) {
		for (order = 0; order + 1 < orders; order++) {
			uint64_t size = 2ull << order, at = (info->facts.pfn & ~(size - 1)) - first;
			if (!all_free(flags + at, size))
				break;
		}
		if (flags[info->facts.pfn - first] & KPF(BUDDY))
			info->free_order = some(order);
	}
	if (fd >= 0)
		k->ops->close(k, fd);
	free(flags);
}

static void read_block_order(struct pt_kernel *k, struct pt_frame_info *info)
{
	char *text;
	size_t size;
	uint64_t order;
	if (pt_kernel_slurp(k, "proc/pagetypeinfo", &text, &size))
		return;
	struct pt_cursor c = {text, text + size};
	if (pt_skip_word(&c, "Page block order: ") && pt_take_decimal(&c, &order) && order < 32)
		info->block_order = some(order);
	free(text);
}

/* ---- page_owner ------------------------------------------------------------------------------------------------- */

bool pt_frame_parse_record(const char *text, size_t size, uint64_t pfn, struct pt_frame_info *ret)
{
	static const char head[] = "Page allocated via order ";
	const char *begin = memmem(text, size, head, sizeof(head) - 1);
	struct pt_alloc_record r;
	size_t n;

	if (!begin || !pt_page_owner_parse(begin, size - (size_t)(begin - text), &r, &n) || !r.has_pfn || pfn < r.pfn ||
	    pfn - r.pfn >= r.pages)
		return false;
	while (n && begin[n - 1] == '\n')
		n--;
	n = n < sizeof(ret->record) ? n : sizeof(ret->record) - 1;
	if (memchr(begin, '\0', n))
		return false;
	memcpy(ret->record, begin, n);
	ret->record[n] = '\0';
	memcpy(ret->migrate_type, r.migrate_type, sizeof(ret->migrate_type));
	return true;
}

/*
 * The file is read by PFN, and gives the first record at or behind it: those of the frames with which an allocation may
 * begin that this one lies in. Up to 6.4 positions count from the first frame of memory, mostly 1: one before is tried too.
 */
static void read_record(struct pt_kernel *k, struct pt_frame_info *info)
{
	static const unsigned back[] = {0, 1};
	char text[PT_OWNER_RECORD + 1024];
	uint64_t pfn = info->facts.pfn, tried = UINT64_MAX;
	bool found = false;
	int fd = k->ops->open(k, PAGE_OWNER, O_RDONLY);
	for (unsigned order = 0; fd >= 0 && order < ORDERS_MAX && !found; order++) {
		uint64_t head = pfn & ~((1ull << order) - 1);
		for (unsigned i = 0; i < 2 && !found && head != tried && head >= back[i]; i++) {
			ssize_t n = k->ops->pread(k, fd, text, sizeof(text), head - back[i]);
			found = n > 0 && pt_frame_parse_record(text, (size_t)n, pfn, info);
		}
		tried = head;
	}
	if (fd >= 0)
		k->ops->close(k, fd);
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

/* Flags of a hole are none at all on newer kernels, which is what frames of the kernel's own have too. */
static enum pt_frame hole_or_not(struct pt_kernel *k, uint64_t pfn, enum pt_frame kind)
{
	struct pt_ram ram;
	if (pt_ram_read(k, &ram) != 0)
		return kind;
	size_t i = 0;
	while (i < ram.n && pfn >= ram.v[i].first + ram.v[i].n)
		i++;
	if (i == ram.n || pfn < ram.v[i].first)
		kind = PT_FRAME_HOLE;
	else if (ram.v[i].offline)
		kind = PT_FRAME_OFFLINE;
	pt_ram_free(&ram);
	return kind;
}

void pt_frame_read(struct pt_kernel *k, uint64_t pfn, const struct pt_signals *signals, struct pt_frame_info *ret)
{
	*ret = (struct pt_frame_info){0};
	pt_inspect_frame(k, pfn, signals, &ret->facts);
	if (!ret->facts.flags.known)
		return;
	ret->kind = pt_frame_of(ret->facts.flags.value);
	if (!ret->facts.flags.value)
		ret->kind = hole_or_not(k, pfn, ret->kind);
	ret->exists = ret->kind != PT_FRAME_HOLE;
	if (ret->kind == PT_FRAME_FREE)
		find_free_block(k, ret);
	read_block_order(k, ret);
	if (pt_signal_has(&ret->facts.signals, PT_SIG_PAGE_OWNER))
		read_record(k, ret);
}

int pt_frame_mapping(struct pt_kernel *k, pid_t pid, uint64_t address, struct pt_frame_mapping *ret)
{
	struct pt_vma_table *vmas;
	int error = pt_read_maps(k, pid, &vmas);
	if (error)
		return error;
	size_t i = pt_vma_find(vmas, address);
	const struct pt_vma *vma = i < vmas->n && pt_vma_covers(&vmas->v[i], address) ? &vmas->v[i] : NULL;
	*ret = (struct pt_frame_mapping){0};
	if (vma) {
		snprintf(ret->name, sizeof(ret->name), "%s", vma->path);
		ret->is_file = vma->inode != 0;
		ret->offset = vma->offset + (address - vma->start);
		ret->inode = vma->inode;
		ret->start = vma->start;
		ret->end = vma->end;
	}
	pt_vma_table_unref(vmas);
	return vma ? 0 : -ESRCH;
}

bool pt_frame_file(struct pt_kernel *k, const struct pt_frame_info *info, const struct pt_owners_answer *owners,
		   struct pt_frame_mapping *ret)
{
	bool of_file = info->exists &&
		       (info->kind == PT_FRAME_FILE || info->kind == PT_FRAME_SHMEM || info->kind == PT_FRAME_HUGETLB);
	for (size_t i = 0; of_file && i < owners->n; i++)
		if (!pt_frame_mapping(k, owners->v[i].pid, owners->v[i].address, ret) && ret->is_file)
			return true;
	return false;
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

static const char *kind_words(enum pt_frame kind)
{
	static const char *const words[PT_FRAME_N] = {
		[PT_FRAME_FREE] = "free memory, in the page allocator",
		[PT_FRAME_ANON] = "anonymous memory of processes",
		[PT_FRAME_FILE] = "a page of a file, cached",
		[PT_FRAME_SHMEM] = "shared memory (tmpfs, memfd, System V or anonymous)",
		[PT_FRAME_HUGETLB] = "part of a hugetlbfs page",
		[PT_FRAME_SLAB] = "the kernel's own, for its small objects (slab)",
		[PT_FRAME_PGTABLE] = "a page table",
		[PT_FRAME_RESERVED] = "reserved: firmware's, the kernel's image or a zero page",
		[PT_FRAME_POISON] = "out of use: the hardware reported a memory error in it",
		[PT_FRAME_OTHER] = "the kernel's own, or on a free list of one CPU: no flag says",
		[PT_FRAME_HOLE] = "no memory",
		[PT_FRAME_OFFLINE] = "memory that is offline, or in a balloon",
	};
	return words[kind] ? words[kind] : "of a kind that is not known";
}

char *pt_frame_headline(const struct pt_frame_info *info, char *ret, size_t size)
{
	const struct pt_facts *f = &info->facts;
	char count[64] = "";

	if (!f->flags.known) {
		bool permitted = pt_signal_has(&f->signals, PT_SIG_KPAGEFLAGS);
		const char *reason = f->signals.of[PT_SIG_KPAGEFLAGS].reason;
		snprintf(ret, size, "%s%s.",
			 permitted ? "There is no such frame" : "What this frame is cannot be read: ",
			 permitted || !reason ? "" : reason);
		return ret;
	}
	if (f->count.known && f->count.value == 1)
		snprintf(count, sizeof(count), " It is mapped once.");
	else if (f->count.known && f->count.value)
		snprintf(count, sizeof(count), " It is mapped %" PRIu64 " times.", f->count.value);
	snprintf(ret, size, "This frame is %s.%s", kind_words(info->kind), count);
	return ret;
}

static const char *missing_words(enum pt_owners_missing missing)
{
	static const char *const words[] = {
		[PT_OWNERS_ALL_FOUND] = "",
		[PT_OWNERS_NOT_PERMITTED] = ": some processes may not be looked into",
		[PT_OWNERS_CHANGED] = ": the others came or went meanwhile",
		[PT_OWNERS_KERNEL] = ": the kernel's own memory, of which page tables do not show all",
		[PT_OWNERS_COUNT_UNKNOWN] = ": this kernel's count is an average over a large folio",
	};
	return words[missing];
}

char *pt_owners_words(const struct pt_owners_answer *answer, char *ret, size_t size)
{
	const char *plural = answer->n == 1 ? "" : "s";
	ret[0] = '\0';
	if (!answer->has_count && answer->n)
		snprintf(ret, size, "%zu mapping%s found; how many there are is hidden", answer->n, plural);
	else if (answer->has_count && answer->n > answer->count)
		snprintf(ret, size, "%zu found, %" PRIu64 " counted: one went meanwhile, or processes share one memory",
			 answer->n, answer->count);
	else if (answer->has_count && answer->n < answer->count)
		snprintf(ret, size, "%zu of %" PRIu64 " mappings found%s", answer->n, answer->count,
			 missing_words(answer->missing));
	else if (answer->n)
		snprintf(ret, size, answer->n == 1 ? "its one mapping" : "all %zu mappings", answer->n);
	return ret;
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 4, 5))) static void add(struct pt_fact_list *list, const char *name, const char *note,
						      const char *format, ...)
{
	va_list args;
	if (list->n == PT_FACTS_MAX)
		return;
	struct pt_fact *fact = &list->v[list->n++];
	*fact = (struct pt_fact){.group = "Allocation"};
	snprintf(fact->name, sizeof(fact->name), "%s", name);
	snprintf(fact->note, sizeof(fact->note), "%s", note ? note : "");
	va_start(args, format);
	vsnprintf(fact->value, sizeof(fact->value), format, args);
	va_end(args);
}

static void add_record(const struct pt_frame_info *info, struct pt_fact_list *ret)
{
	char line[512];
	struct pt_cursor all = {info->record, info->record + strlen(info->record)}, one;
	bool first = true;
	while (pt_cut_line(&all, &one)) {
		pt_skip_blanks(&one);
		pt_text_printable(one.at, (size_t)(one.end - one.at), line, sizeof(line));
		add(ret, first ? "page_owner" : "", NULL, "%s", line);
		first = false;
	}
	if (first)
		add(ret, "page_owner", NULL, "%s%s",
		    pt_signal_has(&info->facts.signals, PT_SIG_PAGE_OWNER) ? "has no record of it" : "not known: ",
		    pt_signal_has(&info->facts.signals, PT_SIG_PAGE_OWNER)
			    ? ""
			    : info->facts.signals.of[PT_SIG_PAGE_OWNER].reason);
}

void pt_frame_list(const struct pt_frame_info *info, struct pt_fact_list *ret)
{
	const struct pt_facts *f = &info->facts;
	char size[16];
	ret->n = 0;
	if (!f->flags.known)
		return;
	pt_facts_list_frame(f, ret);
	if (info->free_order.known) {
		uint64_t pages = 1ull << info->free_order.value;
		add(ret, "free block", "the largest around it that is free", "order %" PRIu64 ", %s from PFN %" PRIu64,
		    info->free_order.value, pt_text_size(pages << f->page_shift, size, sizeof(size)),
		    f->pfn & ~(pages - 1));
	}
	if (info->block_order.known) {
		uint64_t pages = 1ull << info->block_order.value;
		add(ret, "pageblock", "memory of one migrate type", "%" PRIu64 ", %s from PFN %" PRIu64,
		    f->pfn >> info->block_order.value, pt_text_size(pages << f->page_shift, size, sizeof(size)),
		    f->pfn & ~(pages - 1));
	}
	if (info->migrate_type[0])
		add(ret, "migrate type", NULL, "%s", info->migrate_type);
	else
		add(ret, "migrate type", "of a single pageblock", "not known: page_owner alone tells it");
	add_record(info, ret);
}
