/*
 * Which signals this kernel and these privileges give. Found by trying: on a page of our own (probe_self.c), on the
 * files of the system (here), and on the target's files (probe_target.c). Nothing stays behind: no mapping, no
 * descriptor, nothing changed in the target.
 */
#include "core/kernel/probe.h"

#include <errno.h>
#include <fcntl.h>

#include "core/kernel/abi.h"
#include "core/kernel/readers.h"

static void set(struct pt_probe *p, enum pt_signal signal, enum pt_given given, const char *reason, const char *remedy)
{
	p->signals->of[signal] = (struct pt_signal_state){given, reason, remedy};
}

void pt_probe_give(struct pt_probe *p, enum pt_signal signal, const char *reason)
{
	set(p, signal, PT_GIVEN, reason, NULL);
}

void pt_probe_approximate(struct pt_probe *p, enum pt_signal signal, const char *reason)
{
	set(p, signal, PT_APPROXIMATE, reason, NULL);
}

void pt_probe_lack(struct pt_probe *p, enum pt_signal signal, const char *reason, const char *remedy)
{
	set(p, signal, PT_ABSENT, reason, remedy);
}

int pt_probe_word(struct pt_kernel *k, int fd, uint64_t index, uint64_t *ret)
{
	uint64_t word;
	ssize_t n = k->ops->pread(k, fd, &word, sizeof(word), index * sizeof(word));
	if (n < 0)
		return (int)n;
	if (n != sizeof(word))
		return -ENODATA;
	*ret = word;
	return 0;
}

int pt_probe_word_at(struct pt_kernel *k, const char *path, uint64_t index, uint64_t *ret)
{
	int fd = k->ops->open(k, path, O_RDONLY);
	if (fd < 0)
		return fd;
	int error = pt_probe_word(k, fd, index, ret);
	k->ops->close(k, fd);
	return error;
}

static bool has(const struct pt_probe *p, enum pt_signal signal)
{
	return pt_signal_has(p->signals, signal);
}

/* Files with a word per frame: all are the superuser's, and of no use without a PFN to look up. */
static void probe_frame_files(struct pt_probe *p)
{
	static const struct {
		enum pt_signal signal;
		const char *path, *fine, *missing, *denied;
	} files[] = {
		{PT_SIG_KPAGEFLAGS, "proc/kpageflags", "/proc/kpageflags can be read",
		 "this kernel has no /proc/kpageflags (CONFIG_PROC_PAGE_MONITOR)",
		 "/proc/kpageflags may not be opened"},
		{PT_SIG_KPAGECOUNT, "proc/kpagecount", "/proc/kpagecount can be read",
		 "this kernel has no /proc/kpagecount (CONFIG_PROC_PAGE_MONITOR)",
		 "/proc/kpagecount may not be opened"},
		{PT_SIG_KPAGECGROUP, "proc/kpagecgroup", "/proc/kpagecgroup can be read",
		 "this kernel has no /proc/kpagecgroup (CONFIG_MEMCG)", "/proc/kpagecgroup may not be opened"},
	};
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		uint64_t word;
		int error = pt_probe_word_at(p->k, files[i].path, p->pfn, &word);
		if (!error || error == -ENODATA)
			pt_probe_give(p, files[i].signal, files[i].fine);
		else if (error == -ENOENT)
			pt_probe_lack(p, files[i].signal, files[i].missing, NULL);
		else
			pt_probe_lack(p, files[i].signal, files[i].denied, PT_REMEDY_ROOT);
	}
}

/* Files that need only be there and be ours to open. */
static void probe_optional_files(struct pt_probe *p)
{
	static const struct {
		enum pt_signal signal;
		const char *path, *fine, *missing, *remedy_missing;
	} files[] = {
		{PT_SIG_IDLE, "sys/kernel/mm/page_idle/bitmap", "the bitmap of idle pages can be read",
		 "this kernel does not track idle pages (CONFIG_IDLE_PAGE_TRACKING)", NULL},
		{PT_SIG_PAGE_OWNER, "sys/kernel/debug/page_owner", "page_owner can be read",
		 "this kernel keeps no page owners (CONFIG_PAGE_OWNER), or debugfs is not mounted",
		 "boot with page_owner=on, and mount debugfs at /sys/kernel/debug"},
	};
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		int fd = p->k->ops->open(p->k, files[i].path, O_RDONLY);
		if (fd >= 0)
			pt_probe_give(p, files[i].signal, files[i].fine);
		else if (fd == -ENOENT)
			pt_probe_lack(p, files[i].signal, files[i].missing, files[i].remedy_missing);
		else
			pt_probe_lack(p, files[i].signal, "its file may not be opened", PT_REMEDY_ROOT);
		p->k->ops->close(p->k, fd);
	}
}

void pt_probe_system(struct pt_probe *p)
{
	struct pt_physical physical;

	probe_frame_files(p);
	probe_optional_files(p);
	pt_read_physical(p->k, p->pfn, &physical);
	if (physical.zone[0] || physical.memory_block >= 0)
		pt_probe_give(p, PT_SIG_PHYSICAL, "zones and memory blocks can be read");
	else
		pt_probe_lack(p, PT_SIG_PHYSICAL, "neither /proc/zoneinfo nor memory blocks in /sys tell of frames",
			      NULL);
}

/* What stands on the flags of a page. KSM is judged before, where there is a page to judge by. */
static void settle_flags(struct pt_probe *p)
{
	if (has(p, PT_SIG_KPAGEFLAGS)) {
		pt_probe_approximate(
			p, PT_SIG_DIRTY,
			"the folio's dirty flag, and anonymous pages that hold data: no file shows the dirty "
			"bit of a page table entry");
		pt_probe_approximate(
			p, PT_SIG_LAZYFREE,
			"anonymous without swapbacked: a page written again after MADV_FREE looks the same, "
			"and the last few given up do not show yet");
		return;
	}
	static const enum pt_signal needing[] = {PT_SIG_KSM, PT_SIG_DIRTY, PT_SIG_LAZYFREE};
	for (size_t i = 0; i < sizeof(needing) / sizeof(*needing); i++)
		pt_probe_lack(p, needing[i], "needs page flags", p->signals->of[PT_SIG_KPAGEFLAGS].remedy);
}

/* A signal that rests on another is no better than that one. */
static void settle(struct pt_probe *p)
{
	static const enum pt_signal of_frames[] = {PT_SIG_KPAGEFLAGS, PT_SIG_KPAGECOUNT, PT_SIG_KPAGECGROUP,
						   PT_SIG_IDLE,       PT_SIG_PHYSICAL,   PT_SIG_PAGE_OWNER};

	for (size_t i = 0; i < sizeof(of_frames) / sizeof(*of_frames) && !has(p, PT_SIG_PFN); i++)
		if (has(p, of_frames[i]))
			pt_probe_lack(p, of_frames[i], "without its frame number nothing can be looked up of a page",
				      p->signals->of[PT_SIG_PFN].remedy);
	settle_flags(p);
	if (!has(p, PT_SIG_KPAGECOUNT))
		pt_probe_lack(p, PT_SIG_MAP_COUNT, "needs map counts", p->signals->of[PT_SIG_KPAGECOUNT].remedy);
}

void pt_probe_signals(struct pt_kernel *k, pid_t pid, struct pt_signals *ret)
{
	struct pt_signals signals;
	struct pt_probe p = {.k = k, .signals = &signals};

	for (int i = 0; i < PT_SIG_N; i++)
		pt_probe_lack(&p, (enum pt_signal)i, "could not be probed: memory ran out", NULL);
	if (k->real)
		pt_probe_self(&p);
	else
		pt_probe_folder(&p, pid);
	settle(&p);
	if (k->real && pid > 0)
		pt_probe_target(&p, pid);
	*ret = signals;
}
