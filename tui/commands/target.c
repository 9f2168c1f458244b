/*
 * Why a process cannot be read, in one line, and the exit status for it. Looks at the process again to find the
 * reason, so the line is about what is so now.
 */
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/kernel/readers.h"
#include "tui/commands/commands.h"

/* What of both that it takes pagetop does not have: the one to look into the process, the other to open its files. */
static const char *lacking(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3] = {{0}};
	bool known = syscall(SYS_capget, &header, has) == 0;
	if (known && has[0].effective & 1u << CAP_DAC_READ_SEARCH)
		return "CAP_SYS_PTRACE";
	if (known && has[0].effective & 1u << CAP_SYS_PTRACE)
		return "CAP_DAC_READ_SEARCH";
	return "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH";
}

static int denied(const struct pt_process *process)
{
	if (geteuid() == 0)
		ui_complain("process %d (%s) refuses even root: grant CAP_SYS_PTRACE in its user namespace, or look at "
			    "the security module (dmesg)",
			    (int)process->pid, process->name);
	else if (process->uid != geteuid())
		ui_complain("process %d (%s) belongs to user %u: run pagetop with sudo, or grant it %s",
			    (int)process->pid, process->name, (unsigned)process->uid, lacking());
	else
		ui_complain("process %d (%s) is protected (not dumpable): run pagetop with sudo, or grant it %s",
			    (int)process->pid, process->name, lacking());
	return UI_DENIED;
}

static int gone(struct pt_kernel *k, pid_t pid)
{
	struct pt_process process = {0};

	if (pt_read_process(k, pid, &process) < 0)
		ui_complain("no process %d", (int)pid);
	else if (process.state == 'Z' || process.state == 'X')
		ui_complain("process %d (%s) has ended (zombie): its memory is gone", (int)pid, process.name);
	else
		ui_complain("process %d ended while it was read", (int)pid);
	return UI_NO_PROCESS;
}

int ui_target_error(struct pt_kernel *k, pid_t pid, int error)
{
	struct pt_process process = {.pid = pid};

	switch (error) {
	case -ESRCH: return gone(k, pid);
	case -EACCES:
	case -EPERM:
		if (pt_read_process(k, pid, &process) < 0)
			return gone(k, pid);
		return denied(&process);
	case -ENODATA:
		if (pt_read_process(k, pid, &process) < 0)
			return gone(k, pid);
		ui_complain("%d (%s) is a kernel thread: it has no memory of its own", (int)pid, process.name);
		return UI_NO_PROCESS;
	case -EOPNOTSUPP:
		ui_complain("this kernel has no soft-dirty bits to clear (CONFIG_MEM_SOFT_DIRTY)");
		return UI_LACKING;
	case -ENOMEM: return ui_out_of_memory();
	default: ui_complain("cannot read process %d: %s", (int)pid, strerror(-error)); return UI_LACKING;
	}
}
