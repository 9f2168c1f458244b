/*
 * The manual against the tables of the program: every key with its sentence, option, command, column, role, token and
 * signal is in assets/pagetop.1. The tables are those of the program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/dump/format.h"
#include "core/explain/explain.h"
#include "core/machine/traits.h"
#include "core/report/columns.h"
#include "core/report/metrics.h"
#include "core/report/verify.h"
#include "core/verdict/expr.h"
#include "tui/commands/commands.h"
#include "tui/keys.h"

static char manual[100000];

/* The manual without roff's escapes, its lines joined by \n. */
static int read_manual(void **state)
{
	(void)state;
	char path[512];
	size_t n = 0;
	int c, last = 0;

	snprintf(path, sizeof(path), "%s/assets/pagetop.1", getenv("PT_TOP") ? getenv("PT_TOP") : "../..");
	FILE *f = fopen(path, "r");
	if (!f)
		return -1;
	while ((c = fgetc(f)) != EOF && n < sizeof(manual) - 1) {
		if (last == '\\') {
			last = c;
			if (c == '&')
				continue;
			n--; /* the backslash goes */
			if (c == 'e')
				c = '\\';
		} else {
			last = c;
		}
		manual[n++] = (char)c;
	}
	manual[n] = '\0';
	fclose(f);
	return 0;
}

/* The manual has the text, as a word of its own. */
static void has_word(const char *word)
{
	size_t n = strlen(word);
	for (const char *at = strstr(manual, word); at; at = strstr(at + 1, word))
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", at[-1]) &&
		    !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", at[n]))
			return;
	fail_msg("the manual does not have '%s'", word);
}

static void has_every_key(void **state)
{
	(void)state;
	size_t n;
	const struct ui_binding *bindings_of_all = ui_bindings(&n);
	char keys[128], row[512];

	for (size_t i = 0; i < n; i++) {
		snprintf(row, sizeof(row), "\n.B %s\n%s.\n",
			 ui_binding_keys(&bindings_of_all[i], false, keys, sizeof(keys)), bindings_of_all[i].help);
		if (!strstr(manual, row))
			fail_msg("the manual does not have these lines:\n.TP%s", row);
	}
	for (int task = 0; task < UI_TASK_N; task++)
		has_word(ui_task_name((enum ui_task)task));
}

static void has_no_other_key(void **state)
{
	(void)state;
	size_t n, found = 0;
	const char *end = strstr(manual, "\n.SH ENVIRONMENT"), *at = strstr(manual, "\n.SH KEYS");

	ui_bindings(&n);
	assert_non_null(at);
	assert_non_null(end);
	for (at = strstr(at, "\n.TP"); at && at < end; at = strstr(at + 1, "\n.TP"))
		found++;
	assert_int_equal(found, n);
}

static void has_every_option(void **state)
{
	(void)state;
	const struct ui_option *all[UI_OPTIONS_MOST];
	size_t n = ui_options_all(all);

	assert_in_range(n, 40, UI_OPTIONS_MOST - 1);
	for (size_t i = 0; i < n; i++) {
		char words[64];

		snprintf(words, sizeof(words), "--%s", all[i]->name);
		has_word(words);
		if (all[i]->letter) {
			snprintf(words, sizeof(words), "-%c", all[i]->letter);
			has_word(words);
		}
	}
}

static void has_every_column_with_its_meaning(void **state)
{
	(void)state;
	for (int id = 0; id < PT_COL_N; id++) {
		const struct pt_column *column = pt_column((enum pt_column_id)id);
		char row[256];

		snprintf(row, sizeof(row), "\n.B %s\n%c%s.\n", column->name, column->what[0] & ~0x20, column->what + 1);
		if (!strstr(manual, row))
			fail_msg("the manual does not have these lines:\n.TP%s", row);
	}
}

static void has_every_flag_with_its_meaning(void **state)
{
	(void)state;
	unsigned n;
	const struct pt_bit_name *bits = pt_kpageflags_bits(&n);
	for (unsigned i = 0; i < n; i++) {
		char row[256];

		snprintf(row, sizeof(row), "\n.B %s\n%c%s.\n", bits[i].name, bits[i].what[0] & ~0x20, bits[i].what + 1);
		if (!strstr(manual, row))
			fail_msg("the manual does not have these lines:\n.TP%s", row);
	}
	for (unsigned i = 0; pt_trait_name(i); i++)
		has_word(pt_trait_name(i));
}

static void has_every_metric_with_its_meaning(void **state)
{
	(void)state;
	const struct pt_metric_family *family;
	for (size_t i = 0; (family = pt_metric_family(i)); i++) {
		char row[256];

		snprintf(row, sizeof(row), "\n.B %s\n%c%s.\n", family->name, family->help[0] & ~0x20, family->help + 1);
		if (!strstr(manual, row))
			fail_msg("the manual does not have these lines:\n.TP%s", row);
	}
}

static void has_every_token(void **state)
{
	(void)state;
	for (int i = 0; i < PT_CAUSE_N; i++)
		has_word(pt_cause_name((enum pt_cause)i));
	for (int i = 0; i < PT_SIG_N; i++)
		has_word(pt_signal_name((enum pt_signal)i));
	for (int i = 0; i < PT_ROLE_N; i++)
		has_word(pt_role_name((enum pt_role)i));
	for (int i = 0; i <= PT_VERDICT_DIFFERS; i++)
		has_word(pt_verdict_name((enum pt_verdict)i));
	for (int i = 0; i < PT_CONTENT_N; i++)
		has_word(pt_content_name((enum pt_content)i));
	for (int i = 0; i < PT_STOP_N; i++)
		has_word(pt_stop_name((enum pt_dump_stop)i));
	for (int i = 0; i < PT_VERIFY_N; i++)
		has_word(pt_verify_sum_name((enum pt_verify_sum)i));
}

static void has_the_language_of_assertions(void **state)
{
	(void)state;
	char row[128];
	const char *at = strstr(manual, "\n.SH ASSERTIONS");
	assert_non_null(at);
	for (int fn = 0; fn < PT_FN_N; fn++) {
		snprintf(row, sizeof(row), "\n.B %s\n", pt_function_usage((enum pt_function)fn));
		if (!strstr(at, row))
			fail_msg("the manual does not have the line .B %s", pt_function_usage((enum pt_function)fn));
	}
	for (int q = 0; q < PT_QUANTITY_N; q++)
		has_word(pt_quantity_name((enum pt_quantity)q));
	for (size_t i = 0; pt_roles_word(i); i++)
		has_word(pt_roles_word(i));
	for (size_t i = 0; pt_unit_name(i); i++)
		if (strlen(pt_unit_name(i)) == 1 || strchr("pmhs", pt_unit_name(i)[0]))
			has_word(pt_unit_name(i));
	for (int i = 0; i <= PT_ANSWER_YES; i++)
		has_word(pt_answer_name((enum pt_answer)i));
}

static void has_the_limits_of_numbers(void **state)
{
	(void)state;
	char limits[64];

	snprintf(limits, sizeof(limits), "%g to %g.", UI_INTERVAL_MIN, UI_INTERVAL_MAX);
	assert_non_null(strstr(manual, limits));
	snprintf(limits, sizeof(limits), "%g to %g.", UI_BUDGET_MIN, UI_BUDGET_MAX);
	assert_non_null(strstr(manual, limits));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_every_key),
		cmocka_unit_test(has_no_other_key),
		cmocka_unit_test(has_every_option),
		cmocka_unit_test(has_every_column_with_its_meaning),
		cmocka_unit_test(has_every_flag_with_its_meaning),
		cmocka_unit_test(has_every_metric_with_its_meaning),
		cmocka_unit_test(has_every_token),
		cmocka_unit_test(has_the_limits_of_numbers),
		cmocka_unit_test(has_the_language_of_assertions),
	};
	return cmocka_run_group_tests(tests, read_manual, NULL);
}
