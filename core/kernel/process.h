/*
 * Private to core/kernel: files of one process.
 */
#ifndef PT_KERNEL_PROCESS_H
#define PT_KERNEL_PROCESS_H

#include "core/kernel/kernel.h"

/*
 * Slurps proc/PID/<name>. -ESRCH: there is no such process (any more); -ENOENT: it is there, but this kernel has no
 * such file.
 */
int pt_read_pid_file(struct pt_kernel *k, pid_t pid, const char *name, char **ret, size_t *ret_size);

#endif
