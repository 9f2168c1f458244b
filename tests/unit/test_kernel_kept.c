/*
 * What the kernel keeps for a process: data of epolls, values of timers.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/kernel/readers.h"
#include "tests/support/fixture.h"
#include "tests/support/scripted.h"

static struct pt_kept_list epoll_of(const char *text)
{
	struct pt_kept_list list = {0};
	assert_int_equal(pt_parse_epoll(text, strlen(text), 5, &list), 0);
	return list;
}

static struct pt_kept_list timers_of(const char *text)
{
	struct pt_kept_list list = {0};
	assert_int_equal(pt_parse_timers(text, strlen(text), &list), 0);
	return list;
}

static void data_of_an_epoll(void **state)
{
	(void)state;
	struct pt_kept_list list = epoll_of(
		"pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t2057\n"
		"tfd:        8 events:       19 data:     56440adc1690  pos:0 ino:63 sdev:8\n"
		"tfd:        9 events: 80000001 data: ffffffffffffffff  pos:0 ino:63 sdev:8\n"
		"tfd: 12345678 events:        0 data:                0  pos:-1 ino:63 sdev:8\n");
	assert_int_equal(list.n, 3);
	assert_int_equal(list.v[0].value, 0x56440adc1690);
	assert_int_equal(list.v[0].fd, 5);
	assert_true(list.v[1].value == UINT64_MAX);
	assert_int_equal(list.v[2].value, 0);
	free(list.v);
}

static void damaged_lines_are_none(void **state)
{
	(void)state;
	struct pt_kept_list list = epoll_of("tfd:\n"
					    "tfd: x events: 1 data: 1\n"
					    "tfd: 99999999999999999999999 events: 1 data: 1\n"
					    "tfd: 1 events: zz data: 1\n"
					    "tfd: 1 events: 1 data:\n"
					    "tfd: 1 events: 1 data: 11111111111111111\n"
					    "tfd: 1 events: 1\n"
					    " tfd: 1 events: 1 data: 1\n"
					    "eventfd-count: tfd: 1 events: 1 data: 1\n"
					    "tfd: 1 events: 1 data: 77");
	assert_int_equal(list.n, 0);
	list = epoll_of("");
	assert_int_equal(list.n, 0);
	list = epoll_of("tfd: 1 events: 1 data: abc\n");
	assert_int_equal(list.n, 1);
	assert_int_equal(list.v[0].value, 0xabc);
	free(list.v);
}

static void values_of_timers(void **state)
{
	(void)state;
	struct pt_kept_list list = timers_of("ID: 0\nsignal: 14/0000000000000007\nnotify: signal/pid.77\nClockID: 0\n"
					     "ID: 3\nsignal: 32/00007f00deadbee0\nnotify: thread/tid.78\nClockID: 1\n");
	assert_int_equal(list.n, 2);
	assert_int_equal(list.v[0].value, 7);
	assert_int_equal(list.v[0].fd, 0);
	assert_true(list.v[1].value == 0x7f00deadbee0);
	assert_int_equal(list.v[1].fd, 3);
	free(list.v);
	list = timers_of("ID: -1\nsignal: 14/1\nsignal: 14\nsignal: /1\nsignal: 14/\nsignal: x/1\nID: 1\nsignal: 1/2");
	assert_int_equal(list.n, 1);
	assert_int_equal(list.v[0].value, 1);
	assert_int_equal(list.v[0].fd, -1);
	free(list.v);
}

static void reads_none_where_there_are_none(void **state)
{
	(void)state;
	struct fixture *fixture = fixture_new(4096, "process 100 S p\n");
	struct scripted *s = scripted_new(fixture_kernel(fixture));
	struct pt_kept_list list = {0};

	assert_true(pt_read_epolls(&s->k, 100, &list) < 0);
	assert_int_equal(pt_read_timers(&s->k, 100, &list), -ENOENT);
	assert_int_equal(pt_read_timers(&s->k, 101, &list), -ESRCH);
	fixture_write(fixture, "proc/100/timers", "ID: 0\nsignal: 14/ab\n");
	fixture_write(fixture, "proc/100/fd/3", "no link, so no epoll");
	fixture_write(fixture, "proc/100/fdinfo/3", "tfd: 1 events: 1 data: abc\n");
	assert_int_equal(pt_read_epolls(&s->k, 100, &list), 0);
	assert_int_equal(list.n, 0);
	assert_int_equal(pt_read_timers(&s->k, 100, &list), 0);
	assert_int_equal(list.n, 1);
	free(list.v);
	scripted_free(s);
	fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_of_an_epoll),
		cmocka_unit_test(damaged_lines_are_none),
		cmocka_unit_test(values_of_timers),
		cmocka_unit_test(reads_none_where_there_are_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
