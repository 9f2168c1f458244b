/*
 * Dumping a process; see dump.h. A struct dump owns what one dump needs, until its end.
 */
#include "core/dump/dump.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/dump/pages.h"
#include "core/kernel/hold.h"
#include "core/kernel/readers.h"

#define TRIES          3u         /* for mappings and their flags to agree */
#define REGISTERS_MOST (1u << 16) /* bytes of a set of them */

struct dump {
	struct pt_kernel *k;
	const struct pt_dump_wish *wish;
	struct pt_target target;
	struct pt_hold *hold;
	struct pt_dump_report report;
	char *maps; /* their text, [maps_size], and what it says */
	size_t maps_size;
	struct pt_vma_table *vmas;
	struct pt_bytes registers; /* notes */
	struct pt_writer *writer;
};

static uint64_t now(const struct dump *d, enum pt_clock clock)
{
	return d->k->ops->now(d->k, clock);
}

static int slurp(const struct dump *d, const char *file, char **ret, size_t *ret_size)
{
	char path[64];
	snprintf(path, sizeof(path), "proc/%d/%s", (int)d->target.task, file);
	return pt_kernel_slurp(d->k, path, ret, ret_size);
}

/* ---- threads ---------------------------------------------------------------------------------------------------- */

static void note_set(struct dump *d, pid_t tid, const char *name, unsigned type, void *room)
{
	size_t size = REGISTERS_MOST;
	if (pt_hold_registers(d->hold, tid, type, room, &size) == 0 && size < REGISTERS_MOST)
		pt_note_add(&d->registers, name, type, room, size);
}

static void note_thread(struct dump *d, pid_t tid, void *room)
{
	size_t size = REGISTERS_MOST;
	if (pt_hold_registers(d->hold, tid, NT_PRSTATUS, room, &size) != 0 ||
	    !pt_note_registers(&d->registers, tid, room, size))
		return;
	d->report.with_registers++;
	note_set(d, tid, "CORE", NT_FPREGSET, room);
#ifdef __x86_64__
	note_set(d, tid, "LINUX", NT_X86_XSTATE, room);
#endif
}

static void let_go(struct dump *d)
{
	if (!d->hold || d->report.info.stopped_ns)
		return;
	pt_hold_release(d->hold);
	d->report.info.stopped_ns = now(d, PT_CLOCK_MONOTONIC) - pt_hold_since(d->hold);
}

static int stop(struct dump *d)
{
	void *room = malloc(REGISTERS_MOST);
	int error = room ? pt_hold_new(&d->hold, d->k, d->target.pid) : -ENOMEM;
	size_t n = 0;
	const struct pt_held *threads = error ? NULL : pt_hold_threads(d->hold, &n);
	for (size_t i = 0; i < n; i++)
		note_thread(d, threads[i].tid, room);
	free(room);
	d->report.threads = n;
	if (!error && d->wish->stop == PT_STOP_REGISTERS)
		let_go(d);
	return error;
}

/* ---- mappings --------------------------------------------------------------------------------------------------- */

/* Whether every VMA got its flags: maps and smaps are read one after the other. */
static bool set_flags(struct pt_vma_table *vmas, const struct pt_smaps *blocks, size_t n)
{
	bool all = true;
	for (size_t i = 0, block = 0; i < vmas->n; i++) {
		struct pt_vma *vma = &vmas->v[i];
		while (block < n && blocks[block].start < vma->start)
			block++;
		bool same = block < n && blocks[block].start == vma->start && blocks[block].end == vma->end;
		vma->has_vm_flags = same && blocks[block].has_vm_flags;
		vma->vm_flags = vma->has_vm_flags ? blocks[block].vm_flags : 0;
		all = all && (vma->has_vm_flags || vma->role == PT_ROLE_VSYSCALL);
	}
	pt_vma_table_set_roles(vmas);
	return all;
}

static int read_mappings(struct dump *d)
{
	bool agree = false;
	for (unsigned try = 0; try < TRIES && !agree; try++) {
		struct pt_smaps *blocks;
		size_t n;
		pt_vma_table_unref(d->vmas);
		free(d->maps);
		d->vmas = NULL;
		d->maps = NULL;
		int error = slurp(d, "maps", &d->maps, &d->maps_size);
		if (!error)
			error = pt_parse_maps(d->maps, d->maps_size, &d->vmas);
		if (!error)
			error = pt_read_smaps(d->k, d->target.task, &blocks, &n);
		if (error)
			return error;
		agree = set_flags(d->vmas, blocks, n);
		free(blocks);
	}
	return d->vmas->n ? 0 : -ESRCH;
}

/* ---- notes ------------------------------------------------------------------------------------------------------ */

static void name_dump(struct dump *d)
{
	struct pt_dump_info *info = &d->report.info;
	char *boot;
	size_t size;
	snprintf(info->boot, sizeof(info->boot), "unknown");
	if (pt_kernel_slurp(d->k, "proc/sys/kernel/random/boot_id", &boot, &size) == 0) {
		boot[strcspn(boot, " \n")] = '\0';
		if (boot[0])
			snprintf(info->boot, sizeof(info->boot), "%.60s", boot);
		free(boot);
	}
	snprintf(info->id, sizeof(info->id), "%s.%d.%" PRIu64, info->boot, (int)info->pid, info->realtime_ns);
}

/* The file's name alone, so that both can be moved together; a line break would end the line. */
static void name_base(struct dump *d)
{
	struct pt_dump_info *info = &d->report.info;
	const char *slash = strrchr(d->wish->base_name, '/');
	snprintf(info->base, sizeof(info->base), "%s", slash ? slash + 1 : d->wish->base_name);
	for (char *c = info->base; *c; c++)
		*c = (char)(*c == '\n' ? '?' : *c);
	snprintf(info->base_id, sizeof(info->base_id), "%s", d->wish->base->info.id);
}

static void note_file(struct dump *d, struct pt_bytes *notes, const char *file, uint32_t type)
{
	char *bytes;
	size_t size;
	if (slurp(d, file, &bytes, &size) != 0)
		return;
	if (type == NT_PRPSINFO)
		pt_note_process(notes, &d->report.process, bytes, size);
	else
		pt_note_add(notes, "CORE", type, bytes, size);
	free(bytes);
}

static int finish(struct dump *d)
{
	struct pt_bytes notes = {0};
	char text[2048];

	note_file(d, &notes, "cmdline", NT_PRPSINFO);
	note_file(d, &notes, "auxv", NT_AUXV);
	pt_note_files(&notes, d->vmas, d->k->page_shift);
	pt_bytes_add(&notes, d->registers.v, d->registers.n);
	pt_note_add(&notes, PT_NOTE_NAME, PT_NOTE_DUMP, text, pt_info_print(&d->report.info, text, sizeof(text)));
	pt_note_add(&notes, PT_NOTE_NAME, PT_NOTE_MAPS, d->maps, d->maps_size);
	notes.failed |= d->registers.failed;
	int error = pt_writer_finish(d->writer, &notes, &d->report.file_size);
	pt_bytes_free(&notes);
	return error;
}

/* ---- the dump --------------------------------------------------------------------------------------------------- */

/* Whether the base knows since when soft-dirty bits count, and they are this process's. */
static bool soft_dirty_counts(const struct dump *d)
{
	const struct pt_dump_info *this = &d->report.info, *then = d->wish->base ? &d->wish->base->info : NULL;
	return then && then->cleared_soft_dirty && !strcmp(then->boot, this->boot) && then->pid == this->pid &&
	       then->start_time == this->start_time && pt_signal_has(&d->target.signals, PT_SIG_SOFT_DIRTY);
}

static uint64_t in_memory(const struct dump *d)
{
	const struct pt_process *p = &d->report.process;
	const struct pt_maybe sizes[] = {p->rss_anon, p->rss_file, p->rss_shmem,
					 d->wish->swapped ? p->swap : (struct pt_maybe){0}};
	uint64_t sum = 0;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		sum += sizes[i].known ? sizes[i].value : 0;
	return sum;
}

/* Before pages are read: what is written meanwhile is soft-dirty then. */
static int clear_soft_dirty(struct dump *d)
{
	if (!d->wish->clear_soft_dirty)
		return 0;
	if (!pt_signal_has(&d->target.signals, PT_SIG_SOFT_DIRTY))
		return -EOPNOTSUPP;
	int error = d->k->ops->clear_soft_dirty(d->k, d->target.task);
	d->report.info.cleared_soft_dirty = !error;
	return error;
}

static int read_pages(struct dump *d)
{
	char path[64];
	/* once they are cleared, the bits tell nothing of the time since the base */
	d->report.info.by_soft_dirty = soft_dirty_counts(d) && !d->wish->clear_soft_dirty;
	int error = clear_soft_dirty(d);
	if (!error)
		error = read_mappings(d);
	if (error)
		return error;
	snprintf(path, sizeof(path), "proc/%d/mem", (int)d->target.task);
	int mem = d->k->ops->open(d->k, path, O_RDONLY);
	if (mem < 0)
		return mem == -ENOENT ? -ESRCH : mem;
	const struct pt_pages_job job = {
		.target = &d->target,
		.mem = mem,
		.vmas = d->vmas,
		.wish = d->wish,
		.by_soft_dirty = d->report.info.by_soft_dirty,
		.all_bytes = in_memory(d),
		.writer = d->writer,
	};
	error = pt_pages_dump(&job);
	d->k->ops->close(d->k, mem);
	return error;
}

/* It must be the same process at the end, and its memory the same. */
static int check_alive(struct dump *d)
{
	struct pt_process process;
	int error = pt_target_read(&d->target, &process);
	if (error)
		return error;
	if (!d->vmas)
		return 0;
	return pt_target_left_memory(&d->target, &process) || !pt_target_memory_alive(&d->target, d->vmas) ? -ESRCH : 0;
}

static int dump(struct dump *d, struct pt_sink sink)
{
	struct pt_dump_info *info = &d->report.info;
	int error = pt_target_read(&d->target, &d->report.process);
	if (error)
		return error;
	info->pid = d->target.pid;
	info->start_time = d->target.start_time;
	info->realtime_ns = now(d, PT_CLOCK_REALTIME);
	info->page_shift = d->k->page_shift;
	info->stop = d->wish->stop;
	name_dump(d);
	if (d->wish->base)
		name_base(d);
	d->writer = pt_writer_new(d->k->page_shift, sink);
	if (!d->writer)
		return -ENOMEM;
	uint64_t began = now(d, PT_CLOCK_MONOTONIC);
	error = info->stop == PT_STOP_NONE ? 0 : stop(d);
	if (!error)
		error = read_pages(d);
	if (error == -ENOENT && check_alive(d) == -ESRCH)
		error = -ESRCH; /* no file of it is there any more */
	let_go(d);
	info->took_ns = now(d, PT_CLOCK_MONOTONIC) - began;
	if (!error)
		error = check_alive(d);
	return error ? error : finish(d);
}

int pt_dump(struct pt_kernel *k, pid_t pid, const struct pt_dump_wish *wish, struct pt_sink sink,
	    struct pt_dump_report *ret)
{
	struct dump d = {.k = k, .wish = wish};
	int error = pt_target_open(&d.target, k, pid, NULL);
	if (error)
		return error;
	error = dump(&d, sink);
	for (int i = 0; i < PT_CONTENT_N && d.writer; i++)
		d.report.pages[i] = pt_writer_pages(d.writer, (enum pt_content)i);
	pt_hold_free(d.hold);
	pt_target_close(&d.target);
	pt_writer_free(d.writer);
	pt_vma_table_unref(d.vmas);
	pt_bytes_free(&d.registers);
	free(d.maps);
	*ret = d.report;
	return error;
}
