/*
 * The lines of a fixture that make pages and frames; see fixture.h. Each page goes into the model of its process, for
 * the sums of smaps, and into the files.
 */
#include <stdlib.h>
#include <string.h>

#include "core/kernel/abi.h"
#include "tests/support/fixture_model.h"

/* Position of the first page at or above the address. */
static size_t lower_page(const struct fixture_process *process, uint64_t address)
{
	size_t low = 0, high = process->n_pages;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (process->pages[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void put_page(struct fixture_line *line, const struct fixture_page *page)
{
	struct fixture_process *process = fixture_line_process(line);
	size_t at = lower_page(process, page->address);

	if (at == process->n_pages || process->pages[at].address != page->address) {
		if (process->n_pages == process->room_pages) {
			process->room_pages = process->room_pages ? process->room_pages * 2 : 64;
			process->pages = fixture_checked(
				reallocarray(process->pages, process->room_pages, sizeof(*process->pages)));
		}
		memmove(&process->pages[at + 1], &process->pages[at], (process->n_pages - at) * sizeof(*page));
		process->n_pages++;
	}
	process->pages[at] = *page;
	fixture_files_page(line->f, process->pid, page->address, page);
}

void fixture_drop_pages(struct fixture *f, struct fixture_process *process, uint64_t start, uint64_t end)
{
	size_t from = lower_page(process, start), to = lower_page(process, end);
	if (from == to)
		return;
	for (size_t i = from; i < to; i++)
		fixture_files_page(f, process->pid, process->pages[i].address, NULL);
	memmove(&process->pages[from], &process->pages[to], (process->n_pages - to) * sizeof(*process->pages));
	process->n_pages -= to - from;
}

/* Kernel flags by their names in lower case. */
static uint64_t flag_by_name(const struct fixture_line *line, const char *name)
{
	static const struct {
		const char *name;
		uint64_t flag;
	} flags[] = {
		{"locked", KPF(LOCKED)},
		{"error", KPF(ERROR)},
		{"referenced", KPF(REFERENCED)},
		{"uptodate", KPF(UPTODATE)},
		{"dirty", KPF(DIRTY)},
		{"lru", KPF(LRU)},
		{"active", KPF(ACTIVE)},
		{"slab", KPF(SLAB)},
		{"writeback", KPF(WRITEBACK)},
		{"reclaim", KPF(RECLAIM)},
		{"buddy", KPF(BUDDY)},
		{"mmap", KPF(MMAP)},
		{"anon", KPF(ANON)},
		{"swapcache", KPF(SWAPCACHE)},
		{"swapbacked", KPF(SWAPBACKED)},
		{"head", KPF(COMPOUND_HEAD)},
		{"tail", KPF(COMPOUND_TAIL)},
		{"huge", KPF(HUGE)},
		{"unevictable", KPF(UNEVICTABLE)},
		{"hwpoison", KPF(HWPOISON)},
		{"nopage", KPF(NOPAGE)},
		{"ksm", KPF(KSM)},
		{"thp", KPF(THP)},
		{"offline", KPF(OFFLINE)},
		{"zero", KPF(ZERO_PAGE)},
		{"idle", KPF(IDLE)},
		{"pgtable", KPF(PGTABLE)},
		{"reserved", KPF(RESERVED)},
		{"mlocked", KPF(MLOCKED)},
		{"owner2", KPF(OWNER_2)},
		{"private", KPF(PRIVATE)},
		{"arch", KPF(ARCH)},
	};
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (!strcmp(name, flags[i].name))
			return flags[i].flag;
	fixture_line_complain(line, "no such bit of kpageflags");
	return 0;
}

/* What the rest of a page's line asks for. */
struct wish {
	uint64_t pfn, count, cgroup, type, offset;
	uint64_t set, clear; /* of kpageflags */
	uint64_t entry;      /* bits of pagemap to add */
	bool has_count, huge, large, hidden, exclusive, not_exclusive, bare_tails;
};

static bool take_word_wish(const char *word, struct wish *wish)
{
	const struct {
		const char *word;
		bool *wish;
	} words[] = {
		{"huge", &wish->huge},
		{"large", &wish->large},
		{"hidden", &wish->hidden},
		{"exclusive", &wish->exclusive},
		{"not-exclusive", &wish->not_exclusive},
		{"bare-tails", &wish->bare_tails},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(word, words[i].word)) {
			*words[i].wish = true;
			return true;
		}
	if (!strcmp(word, "soft-dirty"))
		wish->entry |= PM_SOFT_DIRTY;
	else if (!strcmp(word, "uffd-wp"))
		wish->entry |= PM_UFFD_WP;
	else
		return false;
	return true;
}

static struct wish take_wishes(struct fixture_line *line)
{
	struct wish wish = {0};
	char *value;

	for (;;) {
		if ((value = fixture_line_option(line, "pfn")))
			wish.pfn = fixture_line_number(line, value, 0);
		else if ((value = fixture_line_option(line, "count"))) {
			wish.count = fixture_line_number(line, value, 0);
			wish.has_count = true;
		} else if ((value = fixture_line_option(line, "cgroup")))
			wish.cgroup = fixture_line_number(line, value, 0);
		else if ((value = fixture_line_option(line, "type")))
			wish.type = fixture_line_number(line, value, 0);
		else if ((value = fixture_line_option(line, "offset")))
			wish.offset = fixture_line_number(line, value, 0);
		else if (!(value = fixture_line_word(line)))
			return wish;
		else if (*value == '+')
			wish.set |= flag_by_name(line, value + 1);
		else if (*value == '-')
			wish.clear |= flag_by_name(line, value + 1);
		else if (!take_word_wish(value, &wish))
			fixture_line_complain(line, "a word that means nothing here");
	}
}

/* Before Linux 6.12, a tail shows little of its folio. */
static uint64_t shown_flags(const struct wish *wish, uint64_t flags)
{
	const uint64_t shown = KPF(COMPOUND_TAIL) | KPF(THP) | KPF(HUGE) | KPF(MMAP) | KPF(ANON) | KPF(HWPOISON);
	return wish->bare_tails && flags & KPF(COMPOUND_TAIL) ? flags & shown : flags;
}

static void put_frame(struct fixture_line *line, uint64_t pfn, uint64_t flags, uint64_t count, uint64_t cgroup)
{
	fixture_files_word(line->f, "proc/kpageflags", pfn, flags);
	fixture_files_word(line->f, "proc/kpagecount", pfn, count);
	fixture_files_word(line->f, "proc/kpagecgroup", pfn, cgroup);
}

void fixture_line_frame(struct fixture_line *line)
{
	uint64_t start, end;
	fixture_line_range(line, fixture_line_want(line), 0, 1, &start, &end);
	struct wish wish = take_wishes(line);
	for (uint64_t pfn = start; pfn < end; pfn++)
		put_frame(line, pfn, wish.set, wish.count, wish.cgroup);
}

#define USUAL (KPF(MMAP) | KPF(LRU) | KPF(UPTODATE))

static const struct kind {
	const char *name;
	uint64_t entry, flags, categories, count;
	bool compound; /* always part of a large folio */
} kinds[] = {
	{"anon", 0, USUAL | KPF(ANON) | KPF(SWAPBACKED), 0, 1, false},
	{"file", PM_FILE, USUAL, PS_FILE, 1, false},
	{"shmem", PM_FILE, USUAL | KPF(SWAPBACKED) | KPF(DIRTY), PS_FILE, 1, false},
	{"lazyfree", 0, USUAL | KPF(ANON), 0, 1, false},
	{"ksm", 0, USUAL | KPF(ANON) | KPF(SWAPBACKED) | KPF(KSM), 0, 2, false},
	{"zero", 0, KPF(ZERO_PAGE) | KPF(RESERVED), PS_PFNZERO, 0, false},
	{"huge-zero", PM_FILE, KPF(ZERO_PAGE) | KPF(THP), PS_PFNZERO | PS_HUGE, 0, true},
	{"hugetlb", 0, KPF(HUGE) | KPF(MMAP) | KPF(UPTODATE), PS_HUGE, 1, true},
	{"kernel", PM_FILE, KPF(RESERVED) | KPF(MMAP), PS_FILE, 9, false},
	{"device", 0, KPF(NOPAGE), 0, 0, false},
};

static const struct kind *kind_by_name(const struct fixture_line *line, const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(name, kinds[i].name))
			return &kinds[i];
	fixture_line_complain(line, "no such kind of page");
	return NULL;
}

/* Page number `index` of a line, of that kind and with those wishes. */
static struct fixture_page make_page(const struct kind *kind, const struct wish *wish, uint64_t address, uint64_t index)
{
	struct fixture_page page = {.address = address, .hidden = wish->hidden};

	page.count = wish->has_count ? wish->count : kind->count;
	page.entry = PM_PRESENT | kind->entry | wish->entry | (wish->pfn + index);
	if ((page.count == 1 && !wish->not_exclusive) || wish->exclusive)
		page.entry |= PM_EXCLUSIVE;
	page.categories = PS_PRESENT | kind->categories | (wish->huge ? PS_HUGE : 0) |
			  (wish->entry & PM_SOFT_DIRTY ? PS_SOFT_DIRTY : 0);
	page.flags = kind->flags;
	if (wish->huge || wish->large)
		page.flags |= KPF(THP);
	if (wish->huge || wish->large || kind->compound)
		page.flags |= index ? KPF(COMPOUND_TAIL) : KPF(COMPOUND_HEAD);
	page.flags = (page.flags | wish->set) & ~wish->clear;
	return page;
}

static const struct fixture_vma *vma_of(const struct fixture_process *process, uint64_t address)
{
	for (size_t i = 0; i < process->n_vmas; i++)
		if (process->vmas[i].start <= address && address < process->vmas[i].end)
			return &process->vmas[i];
	return NULL;
}

void fixture_line_page(struct fixture_line *line)
{
	const struct fixture_process *process = fixture_line_process(line);
	uint64_t start, end, size = fixture_line_page_size(line);

	fixture_line_range(line, fixture_line_want(line), 16, size, &start, &end);
	const struct kind *kind = kind_by_name(line, fixture_line_want(line));
	struct wish wish = take_wishes(line);
	for (uint64_t at = start; at < end; at += size) {
		uint64_t index = (at - start) / size;
		struct fixture_page page = make_page(kind, &wish, at, index);
		const struct fixture_vma *vma = vma_of(process, at);
		put_page(line, &page);
		put_frame(line, wish.pfn + index, shown_flags(&wish, page.flags), page.count, wish.cgroup);
		if (vma && fixture_vma_is_shmem(vma) && page.entry & PM_FILE)
			fixture_files_backing(line->f, process->pid, vma, at, 'c');
	}
}

void fixture_line_swap(struct fixture_line *line)
{
	uint64_t start, end, size = fixture_line_page_size(line);
	fixture_line_range(line, fixture_line_want(line), 16, size, &start, &end);
	struct wish wish = take_wishes(line);
	for (uint64_t at = start; at < end; at += size) {
		uint64_t offset = wish.offset + (at - start) / size;
		struct fixture_page page = {
			.address = at,
			.entry = PM_SWAP | wish.entry | wish.type | offset << 5,
			.categories = PS_SWAPPED,
			.hidden = wish.hidden,
		};
		put_page(line, &page);
	}
}

void fixture_line_evicted(struct fixture_line *line)
{
	uint64_t start, end, size = fixture_line_page_size(line);
	fixture_line_range(line, fixture_line_want(line), 16, size, &start, &end);
	for (uint64_t at = start; at < end; at += size) {
		struct fixture_page page = {.address = at, .evicted = true};
		const struct fixture_vma *vma = vma_of(fixture_line_process(line), at);
		if (!vma || !fixture_vma_is_shmem(vma))
			fixture_line_complain(line, "not in a VMA of shared memory");
		put_page(line, &page);
		fixture_files_backing(line->f, line->f->in->pid, vma, at, 'e');
	}
}

void fixture_line_marker(struct fixture_line *line)
{
	uint64_t start, end, size = fixture_line_page_size(line), offset = 0, entry = 0, categories = PS_SWAPPED;
	fixture_line_range(line, fixture_line_want(line), 16, size, &start, &end);
	const char *word = fixture_line_want(line);
	if (!strcmp(word, "guard")) {
		offset = PM_MARKER_GUARD;
		entry = PM_GUARD;
		categories |= PS_GUARD;
	} else if (!strcmp(word, "uffd-wp")) {
		offset = PM_MARKER_UFFD_WP;
		entry = PM_UFFD_WP;
	} else if (!strcmp(word, "poison")) {
		offset = PM_MARKER_POISON;
	} else {
		fixture_line_complain(line, "no such marker");
	}
	struct wish wish = take_wishes(line);
	for (uint64_t at = start; at < end; at += size) {
		struct fixture_page page = {
			.address = at,
			.entry = PM_SWAP | entry | wish.entry | PM_SWAP_TYPE_MARKER | offset << 5,
			.categories = categories,
			.hidden = wish.hidden,
		};
		put_page(line, &page);
	}
}

void fixture_line_migrating(struct fixture_line *line)
{
	uint64_t start, end, size = fixture_line_page_size(line);
	fixture_line_range(line, fixture_line_want(line), 16, size, &start, &end);
	struct wish wish = take_wishes(line);
	for (uint64_t at = start; at < end; at += size) {
		uint64_t pfn = wish.pfn + (at - start) / size;
		struct fixture_page page = {
			.address = at,
			.entry = PM_SWAP | wish.entry | PM_SWAP_TYPE_MIGRATION | pfn << 5,
			.categories = PS_SWAPPED,
			.flags = USUAL | KPF(ANON) | KPF(SWAPBACKED),
			.count = wish.has_count ? wish.count : 1,
			.hidden = wish.hidden,
		};
		put_page(line, &page);
		put_frame(line, pfn, page.flags, page.count, wish.cgroup);
	}
}
