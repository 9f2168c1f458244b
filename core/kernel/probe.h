/*
 * Private to core/kernel: the parts of pt_probe_signals. Each part sets the signals it can judge; what a signal needs
 * beyond that (flags are of no use without PFNs) is settled in probe.c at the end.
 */
#ifndef PT_KERNEL_PROBE_H
#define PT_KERNEL_PROBE_H

#include "core/kernel/kernel.h"
#include "core/model/signals.h"

#define PT_REMEDY_ROOT                                                                                                 \
	"run as root, or once: sudo setcap cap_sys_admin,cap_sys_ptrace,cap_dac_read_search+ep build/pagetop"

struct pt_probe {
	struct pt_kernel *k;
	struct pt_signals *signals;
	uint64_t pfn; /* a frame known to exist; 0: none, PFNs are hidden */
};

void pt_probe_give(struct pt_probe *p, enum pt_signal signal, const char *reason);
void pt_probe_approximate(struct pt_probe *p, enum pt_signal signal, const char *reason);
void pt_probe_lack(struct pt_probe *p, enum pt_signal signal, const char *reason, const char *remedy);

/* The 64-bit word at an index of a file; 0 or -errno, -ENODATA at its end. */
int pt_probe_word(struct pt_kernel *k, int fd, uint64_t index, uint64_t *ret);
int pt_probe_word_at(struct pt_kernel *k, const char *path, uint64_t index, uint64_t *ret);

/* The signals that come from memory of our own (real kernels), from files of the whole system, of the target. */
void pt_probe_self(struct pt_probe *p);
void pt_probe_system(struct pt_probe *p);
void pt_probe_target(struct pt_probe *p, pid_t pid);
/* Whether kpagecount counts per page, on a huge page of our own. */
void pt_probe_map_count(struct pt_probe *p, int pagemap);
/* In place of self and target where there is only a folder. */
void pt_probe_folder(struct pt_probe *p, pid_t pid);

#endif
