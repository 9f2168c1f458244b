/*
 * Kernel access: the only door to /proc, /sys and system calls on a target. Everything goes through a table of
 * operations, so tests can put a scripted kernel behind it that fails any call, or point the real one at a folder
 * that looks like /proc.
 *
 * Paths are relative: "proc/123/maps", "sys/devices/system/memory/block_size_bytes". Errors are -errno.
 */
#ifndef PT_KERNEL_KERNEL_H
#define PT_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum pt_clock { PT_CLOCK_MONOTONIC, PT_CLOCK_REALTIME, PT_CLOCK_THREAD_CPU, PT_CLOCK_PROCESS_CPU, PT_CLOCK_N };

struct pt_file_stat {
	uint64_t inode;
	uint32_t mode; /* st_mode */
	uint32_t dev_major, dev_minor;
	bool tmpfs; /* lies on tmpfs (statfs TMPFS_MAGIC), hugetlbfs is not */
	bool hugetlbfs;
	uint64_t size;  /* bytes */
	uint64_t links; /* hard links */
};

struct pt_cachestat { /* linux/mman.h struct cachestat, in pages; 6.5 */
	uint64_t cache, dirty, writeback, evicted, recently_evicted;
};

struct pt_kernel;

struct pt_kernel_ops {
	int (*open)(struct pt_kernel *k, const char *path, int flags); /* open(2) flags; a descriptor >= 0 */
	void (*close)(struct pt_kernel *k, int fd);
	ssize_t (*pread)(struct pt_kernel *k, int fd, void *buf, size_t size, uint64_t offset);
	int (*ioctl)(struct pt_kernel *k, int fd, unsigned long request, void *arg); /* >= 0 or -errno */
	ssize_t (*readlink)(struct pt_kernel *k, const char *path, char *buf, size_t size);
	/* Calls each(arg, name) for every entry but . and ..; stops when it returns nonzero. */
	int (*list)(struct pt_kernel *k, const char *path, int (*each)(void *arg, const char *name), void *arg);
	int (*stat)(struct pt_kernel *k, const char *path, struct pt_file_stat *ret);
	int (*pidfd)(struct pt_kernel *k, pid_t pid); /* pidfd_open(2) */
	int (*ended)(struct pt_kernel *k, int pidfd); /* 1: the process ended, 0: it lives */
	/* process_vm_readv(2). Faults absent pages into the target: ask for present pages only. */
	ssize_t (*read_memory)(struct pt_kernel *k, pid_t pid, uint64_t addr, void *buf, size_t size);
	int (*cachestat)(struct pt_kernel *k, int fd, uint64_t offset, uint64_t size, struct pt_cachestat *ret);
	uint64_t (*now)(struct pt_kernel *k, enum pt_clock clock); /* ns */
	/* clock_getcpuclockid(3): ns for which all threads of a process have run so far, those that ended included. */
	int (*cpu_time)(struct pt_kernel *k, pid_t pid, uint64_t *ret_ns);
	/* ptrace(2), for requests that only stop, look and let go; >= 0 or -errno. Binds to the calling thread. */
	long (*ptrace)(struct pt_kernel *k, int request, pid_t tid, uint64_t addr, void *data);
	/* Writes 4 to /proc/PID/clear_refs: changes what the kernel keeps about the target, so only when asked for. */
	int (*clear_soft_dirty)(struct pt_kernel *k, pid_t pid);
	/*
	 * waitpid(2) for a traced thread, or -1: any that the calling thread traces. Which it was and its status, or 0 when
	 * so long has passed without any.
	 */
	int (*wait)(struct pt_kernel *k, pid_t tid, uint64_t timeout_ns, int *ret_status);
	/* perf_event_open(2) with PERF_FLAG_FD_CLOEXEC; attr is a struct perf_event_attr. A descriptor >= 0. */
	int (*perf_open)(struct pt_kernel *k, void *attr, pid_t tid, int cpu);
	/* mmap(2) of a descriptor, shared, to be read and written; and its end. */
	int (*map)(struct pt_kernel *k, int fd, size_t size, void **ret);
	void (*unmap)(struct pt_kernel *k, void *memory, size_t size);
	void (*free)(struct pt_kernel *k);
	int (*fstat)(struct pt_kernel *k, int fd, struct pt_file_stat *ret);
	/* Opens anew what a descriptor (of O_PATH, say) is of. A descriptor >= 0. */
	int (*reopen)(struct pt_kernel *k, int fd, int flags);
	/*
	 * Which of n pages of a file from `offset` on are cached (mincore(2): bit 0 of each byte), and a mapping of our own
	 * with those in its page tables, so that /proc/self/pagemap has their frames; to be unmapped soon. Leaves the cache
	 * as it is: nothing is read ahead, no page counts as accessed, and of the pages that are not there none is touched.
	 * Open the file with O_NOATIME.
	 */
	int (*peek)(struct pt_kernel *k, int fd, uint64_t offset, size_t n, uint8_t *ret_cached, void **ret);
	/* read(2): from where the last one ended. For files whose positions are no bytes, and for what has none. */
	ssize_t (*read)(struct pt_kernel *k, int fd, void *buf, size_t size);
	/*
	 * Marks frames idle: those of bits set in n words of sys/kernel/mm/page_idle/bitmap, from its word `first` on.
	 * Changes what the kernel keeps about them, so only when asked for. 0 or -errno.
	 */
	int (*mark_idle)(struct pt_kernel *k, uint64_t first, const uint64_t *words, size_t n);
};

struct pt_kernel {
	const struct pt_kernel_ops *ops;
	unsigned page_shift; /* log2 of the base page size of the target's machine */
	bool real;           /* this machine's own kernel: probes on ourselves mean something */
};

/*
 * The real one: /proc and /sys below `root` ("/" for this machine; a test's folder otherwise, where page_shift says
 * what its pagemap was made with; 0: this machine's). -errno.
 */
int pt_kernel_linux_new(struct pt_kernel **ret, const char *root, unsigned page_shift);
void pt_kernel_free(struct pt_kernel *k); /* NULL is fine */

/* Reads a whole file, NUL-terminated, into a malloc'ed buffer; *ret_size without the NUL. 0 or -errno. */
int pt_kernel_slurp(struct pt_kernel *k, const char *path, char **ret, size_t *ret_size);

#endif
