/*
 * One verdict in words: what is said of it in text and in JUnit's XML alike. Everything that is written is printable.
 */
#ifndef UI_VERDICT_TEXT_H
#define UI_VERDICT_TEXT_H

#include "tui/commands/assertions.h"

/* Names that a program gave itself, and such. Returns ret. */
char *ui_verdict_printable(const char *raw, char *ret, size_t size);
/* Seconds from the start of the run, as --at takes them: "+12.3". Returns ret. */
char *ui_verdict_moment(const struct pt_trace *trace, uint64_t ns, char *ret, size_t size);
/* "181.25M", "between 3M and 11M", "not known". Returns ret. */
char *ui_verdict_value(const struct pt_trace *trace, const struct pt_finding *finding, bool bytes, char *ret,
		       size_t size);
/* Why it failed or is undecided, in one line without an end: "" where it passed. Returns ret. */
char *ui_verdict_reason(const struct ui_verdicts *verdicts, const struct ui_verdict *verdict, bool bytes, char *ret,
			size_t size);
/* The lines below its first one: values, why it is undecided, what grew; of at most so many columns (0: any). */
void ui_verdict_details(const struct ui_verdicts *verdicts, const struct ui_verdict *verdict, bool bytes, int width,
			FILE *out);

#endif
