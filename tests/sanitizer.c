/*
 * Linked to the pagetop of sanitizer builds: leaks that are not ours. libproc2 keeps buffers for each thread and never
 * frees them, so the list of processes, which a worker reads, leaves them behind. Leaks in how we use the library are
 * found all the same: tests/unit/test_procs.c uses it in its main thread, and without this.
 */
const char *__lsan_default_options(void);
const char *__lsan_default_suppressions(void);

const char *__lsan_default_options(void)
{
	return "print_suppressions=0";
}

const char *__lsan_default_suppressions(void)
{
	return "leak:libproc2.so\n";
}
