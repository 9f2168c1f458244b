/*
 * Leaves a test with the reason in its output, where tests/run finds it. Nothing of the test may need cleaning up.
 */
#ifndef TESTS_SKIP_H
#define TESTS_SKIP_H

#define skip_because(why)                                                                                              \
	do {                                                                                                           \
		print_message("SKIP: %s\n", (why));                                                                    \
		skip();                                                                                                \
	} while (0)

#endif
