/*
 * Typed readers over the operations of kernel.h: the text and binary files of /proc and /sys as structs. Parsers are
 * functions of their own (pt_parse_*), pure, so that tests and fuzzers feed them bytes.
 */
#ifndef PT_KERNEL_READERS_H
#define PT_KERNEL_READERS_H

#include "core/kernel/kernel.h"
#include "core/model/snapshot.h"

/* /proc/PID/maps. A damaged line is -EBADMSG. Roles are set (pt_vma_table_set_roles). */
int pt_parse_maps(const char *text, size_t size, struct pt_vma_table **ret);

/* One VMA's block of /proc/PID/smaps, in bytes. A line that the kernel did not print is not known. */
struct pt_smaps {
	uint64_t start, end;
	struct pt_maybe rss, pss, shared_clean, shared_dirty, private_clean, private_dirty, referenced, anonymous, ksm,
		lazyfree, anon_huge, shmem_pmd, file_pmd, shared_hugetlb, private_hugetlb, swap, swap_pss, locked,
		kernel_page_size;
	uint32_t vm_flags; /* enum pt_vm_flag */
	bool has_vm_flags;
};
/* All blocks; free(*ret). -EBADMSG for text that is not smaps. smaps_rollup parses as one block. */
int pt_parse_smaps(const char *text, size_t size, struct pt_smaps **ret, size_t *ret_n);

/* stat and status of a process. Fields that are missing stay unknown. -EBADMSG if stat is not parsable. */
int pt_parse_stat(const char *text, size_t size, struct pt_process *process);
void pt_parse_status(const char *text, size_t size, struct pt_process *process);
/* status alone: its name, state and number of threads as well, which else are stat's. */
void pt_parse_status_alone(const char *text, size_t size, struct pt_process *process);
/* The parent that stat names. */
bool pt_parse_parent(const char *text, size_t size, pid_t *ret);
/* Minor page faults of all children it has waited for: 0, and it had none. */
int pt_read_child_faults(struct pt_kernel *k, pid_t pid, uint64_t *ret);
int pt_read_parent(struct pt_kernel *k, pid_t pid, pid_t *ret);
/* "12 34 ", as /proc/PID/task/TID/children has it: the next number from *at on, which moves; false at the end. */
bool pt_next_pid(const char **at, const char *end, pid_t *ret);
/* A counter of the whole machine: the number after `key` at the start of a line ("processes" of /proc/stat). */
bool pt_parse_counter(const char *text, size_t size, const char *key, uint64_t *ret);
/* Since boot: processes and threads that began, and processes that were killed for want of memory. -ENODATA. */
int pt_read_forks(struct pt_kernel *k, uint64_t *ret);
int pt_read_oom_kills(struct pt_kernel *k, uint64_t *ret);

/* The files of `pid` themselves. -ESRCH: no such process; -EACCES: not permitted. */
int pt_read_process(struct pt_kernel *k, pid_t pid, struct pt_process *ret); /* stat and status */
/* Its command line as it is, words ended by NULs; malloc'ed. Empty where the kernel has none to show. */
int pt_read_command(struct pt_kernel *k, pid_t pid, char **ret, size_t *ret_size);
int pt_read_maps(struct pt_kernel *k, pid_t pid, struct pt_vma_table **ret);
int pt_read_smaps(struct pt_kernel *k, pid_t pid, struct pt_smaps **ret, size_t *ret_n);
int pt_read_rollup(struct pt_kernel *k, pid_t pid, struct pt_smaps *ret);
bool pt_is_kernel_thread(struct pt_kernel *k, pid_t pid); /* PF_KTHREAD of stat's flags */

/* File systems whose files are memory, and those known to be others, by device number; free(*ret). */
struct pt_mount {
	uint32_t dev_major, dev_minor;
	enum pt_fs fs;
};
int pt_parse_mountinfo(const char *text, size_t size, struct pt_mount **ret, size_t *ret_n);
int pt_read_mounts(struct pt_kernel *k, pid_t pid, struct pt_mount **ret, size_t *ret_n);

/* Bytes in use on all swap devices: 0 means that nothing is swapped out anywhere. */
uint64_t pt_parse_swaps(const char *text);
int pt_read_swap_used(struct pt_kernel *k, uint64_t *ret);

/* All processes, and all threads of one, in no order; free(*ret). */
int pt_read_pids(struct pt_kernel *k, pid_t **ret, size_t *ret_n);
int pt_read_threads(struct pt_kernel *k, pid_t pid, pid_t **ret, size_t *ret_n);
/* What a process is called (comm), cut to the room there is. -ESRCH, -ENOENT: it ended; ret stays as it was. */
int pt_read_comm(struct pt_kernel *k, pid_t pid, char *ret, size_t size);
/* A thread's stack pointer out of /proc/PID/task/TID/syscall. -EAGAIN: it runs now, which hides it. */
int pt_read_thread_sp(struct pt_kernel *k, pid_t pid, pid_t tid, uint64_t *ret);
bool pt_parse_syscall_sp(const char *text, uint64_t *ret);

/* A word that a process has given to the kernel and gets back: programs put pointers there. */
struct pt_kept {
	uint64_t value;
	int fd; /* the epoll it was given to; of a timer its number, -1: not known */
};
struct pt_kept_list {
	struct pt_kept *v; /* [n], malloc'ed, the caller's to free, in any case */
	size_t n, room;
};
/* Add the data of all that a process's epolls watch, of /proc/PID/fdinfo. -ESRCH, -ENOENT: none such, -EACCES. */
int pt_read_epolls(struct pt_kernel *k, pid_t pid, struct pt_kept_list *ret);
int pt_parse_epoll(const char *text, size_t size, int fd, struct pt_kept_list *ret);
/* Add the values of its POSIX timers (sigevent). -ENOENT: this kernel does not show them. */
int pt_read_timers(struct pt_kernel *k, pid_t pid, struct pt_kept_list *ret);
int pt_parse_timers(const char *text, size_t size, struct pt_kept_list *ret);

/* Code of a function of the kernel; {0, 0}: there is none of that name. */
struct pt_code {
	uint64_t start, end;
};
/* Some functions by their names, into ret[n]. -EACCES: where they are is hidden (kernel.kptr_restrict), or none is there. */
int pt_read_kernel_code(struct pt_kernel *k, const char *const *names, size_t n, struct pt_code *ret);
/* pure half: of /proc/kallsyms; false if none was found */
bool pt_parse_kallsyms(const char *text, size_t size, const char *const *names, size_t n, struct pt_code *ret);

/* Where a frame lies. Missing is "" or -1. */
struct pt_physical {
	char zone[16]; /* "Normal" */
	int node;
	int64_t memory_block; /* number of /sys/devices/system/memory/memoryN, -1: none */
	char block_state[24]; /* "online" */
};
void pt_read_physical(struct pt_kernel *k, uint64_t pfn, struct pt_physical *ret);
/* pure half: the zone of a PFN out of /proc/zoneinfo; false if none spans it */
bool pt_parse_zoneinfo(const char *text, size_t size, uint64_t pfn, struct pt_physical *ret);
/* Spans of zones that have memory, for many frames; free(*ret). */
struct pt_zone {
	char name[16];
	int node;
	uint64_t start, pages; /* PFNs; a span may have holes, and those of two nodes may overlap */
};
int pt_read_zones(struct pt_kernel *k, struct pt_zone **ret, size_t *ret_n);
/* The first that spans it; NULL: none. */
const struct pt_zone *pt_zone_of(const struct pt_zone *zones, size_t n, uint64_t pfn);

/* The memory cgroup with that inode (kpagecgroup), as a path below the mount; tries near_pid's own first. */
int pt_read_cgroup_path(struct pt_kernel *k, uint64_t inode, pid_t near_pid, char *ret, size_t size);

/*
 * The inode of a memory cgroup: by its name below the mount ("/user.slice", as /proc/PID/cgroup has it), or by the path of
 * its directory. -ENOENT, -ENOTDIR.
 */
int pt_read_cgroup_inode(struct pt_kernel *k, const char *path, uint64_t *ret);

/* What kernel and privileges give; with a target (pid > 0) also what that one gives. Never fails. */
void pt_probe_signals(struct pt_kernel *k, pid_t pid, struct pt_signals *ret);

#endif
