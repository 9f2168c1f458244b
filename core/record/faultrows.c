/*
 * Writing the faults of a step (faults.h): what it counted, and once each the stacks, the code they are of and its
 * modules. The tables come with the first of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/record/faults.h"
#include "core/record/schema.h"
#include "core/record/writer.h"

#define WORD_MOST 2000 /* bytes of a symbol's name or a path: what is longer is cut */

/* ---- what has a number ------------------------------------------------------------------------------------------ */

struct kind { /* of keys */
	uint64_t (*hash)(const void *key);
	bool (*same)(const void *a, const void *b);
};

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211u; /* FNV-1a */
	return hash * 31;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static uint64_t hash_code(const void *key)
{
	const struct pt_fault_call *call = key;
	return hash_text(call->ip * 0x9e3779b97f4a7c15u >> 20, call->symbol);
}

static bool same_module(const void *a, const void *b)
{
	const struct pt_fault_call *x = a, *y = b;
	return same_text(x->module, y->module) && same_text(x->build_id, y->build_id);
}

static bool same_code(const void *a, const void *b)
{
	const struct pt_fault_call *x = a, *y = b;
	return x->ip == y->ip && x->offset == y->offset && x->module_offset == y->module_offset && x->line == y->line &&
	       same_text(x->symbol, y->symbol) && same_text(x->file, y->file) && same_module(a, b);
}

static uint64_t hash_stack(const void *key)
{
	const struct pt_fault_named *stack = key;
	uint64_t hash = stack->n_calls;
	for (size_t i = 0; i < stack->n_calls; i++)
		hash = (hash ^ stack->calls[i].ip) * 0x9e3779b97f4a7c15u;
	return hash >> 20;
}

/* Those of another watch are other objects. */
static bool same_stack(const void *a, const void *b)
{
	const struct pt_fault_named *x = a, *y = b;
	bool same = x->n_calls == y->n_calls && x->complete == y->complete;
	for (size_t i = 0; same && x != y && i < x->n_calls; i++)
		same = same_code(&x->calls[i], &y->calls[i]);
	return same;
}

static uint64_t hash_module(const void *key)
{
	const struct pt_fault_call *call = key;
	return hash_text(hash_text(14695981039346656037u, call->module), call->build_id);
}

static const struct kind stack_kind = {hash_stack, same_stack}, code_kind = {hash_code, same_code},
			 module_kind = {hash_module, same_module};

static struct pt_numbered_row *place_of(struct pt_numbered_row *v, size_t room, const struct kind *kind,
					const void *key)
{
	size_t i = (size_t)kind->hash(key) & (room - 1);
	while (v[i].key && !kind->same(v[i].key, key))
		i = (i + 1) & (room - 1);
	return &v[i];
}

/* Its row: with the key, or free for it. NULL: out of memory. */
static struct pt_numbered_row *find(struct pt_numbered *t, const struct kind *kind, const void *key)
{
	if (t->n * 2 >= t->room) {
		size_t room = t->room ? t->room * 2 : 64;
		struct pt_numbered_row *v = calloc(room, sizeof(*v));
		if (!v)
			return NULL;
		for (size_t i = 0; i < t->room; i++)
			if (t->v[i].key)
				*place_of(v, room, kind, t->v[i].key) = t->v[i];
		free(t->v);
		t->v = v;
		t->room = room;
	}
	return place_of(t->v, t->room, kind, key);
}

static void put(struct pt_numbered *t, struct pt_numbered_row *row, const void *key, sqlite3_int64 id)
{
	*row = (struct pt_numbered_row){key, id};
	t->n++;
}

void pt_fault_names_free(struct pt_fault_names *names)
{
	for (size_t i = 0; i < names->stacks.room; i++)
		pt_fault_named_unref((struct pt_fault_named *)names->stacks.v[i].key);
	free(names->stacks.v);
	free(names->codes.v);
	free(names->modules.v);
	*names = (struct pt_fault_names){0};
}

/* ---- stacks ----------------------------------------------------------------------------------------------------- */

/* A name, or what stands for it; NULL is fine. */
static int bind_name(struct pt_writer *w, sqlite3_stmt *statement, int i, const char *name)
{
	char token[32];
	const char *word = name && w->anonymize ? pt_token(&w->tokens, name, token, sizeof(token)) : name;
	if (name && !word)
		return SQLITE_NOMEM;
	return sqlite3_bind_text(statement, i, word, word ? (int)strnlen(word, WORD_MOST) : 0, SQLITE_TRANSIENT);
}

static int put_module(struct pt_writer *w, const struct pt_fault_call *call, sqlite3_int64 *ret)
{
	struct pt_numbered_row *row = find(&w->fault_names.modules, &module_kind, call);
	sqlite3_stmt *insert;
	int code = row ? SQLITE_OK : SQLITE_NOMEM;
	if (row && !row->key) {
		code = pt_record_put(w, PT_PUT_FAULT_MODULE, &insert);
		if (code == SQLITE_OK)
			code = bind_name(w, insert, 1, call->module);
		if (code == SQLITE_OK)
			code = bind_name(w, insert, 2, w->anonymize ? NULL : call->build_id);
		if (code == SQLITE_OK)
			code = pt_db_step(insert);
		if (code == SQLITE_OK)
			put(&w->fault_names.modules, row, call, sqlite3_last_insert_rowid(w->db));
	}
	*ret = code == SQLITE_OK ? row->id : 0;
	return code;
}

/* Where in which source it is says what was anonymized, and so does a build id. */
static int insert_code(struct pt_writer *w, const struct pt_fault_call *call)
{
	sqlite3_int64 module = 0;
	sqlite3_stmt *insert;
	int code = call->module ? put_module(w, call, &module) : SQLITE_OK;
	if (code == SQLITE_OK)
		code = pt_record_put(w, PT_PUT_FAULT_CODE, &insert);
	if (code != SQLITE_OK)
		return code;
	pt_bind_number(insert, 1, call->ip);
	pt_bind_maybe(insert, 2, (struct pt_maybe){(uint64_t)module, call->module != NULL});
	pt_bind_maybe(insert, 3, (struct pt_maybe){call->module_offset, call->module != NULL});
	pt_bind_maybe(insert, 5, (struct pt_maybe){call->offset, call->symbol != NULL});
	pt_bind_maybe(insert, 7, (struct pt_maybe){(uint64_t)call->line, call->line > 0 && !w->anonymize});
	code = bind_name(w, insert, 4, call->symbol);
	if (code == SQLITE_OK)
		code = bind_name(w, insert, 6, w->anonymize ? NULL : call->file);
	return code == SQLITE_OK ? pt_db_step(insert) : code;
}

static int put_call(struct pt_writer *w, sqlite3_int64 stack, size_t depth, const struct pt_fault_call *call)
{
	struct pt_numbered_row *row = find(&w->fault_names.codes, &code_kind, call);
	sqlite3_stmt *insert;
	int code = row ? SQLITE_OK : SQLITE_NOMEM;
	if (row && !row->key) {
		code = insert_code(w, call);
		if (code == SQLITE_OK)
			put(&w->fault_names.codes, row, call, sqlite3_last_insert_rowid(w->db));
	}
	if (code == SQLITE_OK)
		code = pt_record_put(w, PT_PUT_FAULT_CALL, &insert);
	if (code != SQLITE_OK)
		return code;
	sqlite3_bind_int64(insert, 1, stack);
	pt_bind_number(insert, 2, depth);
	sqlite3_bind_int64(insert, 3, row->id);
	return pt_db_step(insert);
}

static int put_stack(struct pt_writer *w, struct pt_fault_named *named, sqlite3_int64 *ret)
{
	struct pt_numbered_row *row = find(&w->fault_names.stacks, &stack_kind, named);
	sqlite3_stmt *insert;
	int code = row ? SQLITE_OK : SQLITE_NOMEM;
	if (row && !row->key) {
		code = pt_record_put(w, PT_PUT_FAULT_STACK, &insert);
		if (code != SQLITE_OK)
			return code;
		sqlite3_bind_int(insert, 1, named->complete);
		code = pt_db_step(insert);
		if (code == SQLITE_OK)
			put(&w->fault_names.stacks, row, pt_fault_named_ref(named), sqlite3_last_insert_rowid(w->db));
		for (size_t i = 0; code == SQLITE_OK && i < named->n_calls && i < PT_STACK_MAX; i++)
			code = put_call(w, row->id, i, &named->calls[i]);
	}
	*ret = code == SQLITE_OK ? row->id : 0;
	return code;
}

/* ---- what was counted ------------------------------------------------------------------------------------------- */

static int make_tables(struct pt_writer *w)
{
	int code = SQLITE_OK;
	if (w->has_fault_tables)
		return SQLITE_OK;
	for (size_t i = 0; code == SQLITE_OK && pt_schema_faults[i].name; i++)
		code = pt_db_run(w->db, pt_schema_faults[i].sql);
	for (size_t i = 0; code == SQLITE_OK && pt_schema_faults_rest[i]; i++)
		code = pt_db_run(w->db, pt_schema_faults_rest[i]);
	w->has_fault_tables = code == SQLITE_OK;
	return code;
}

/* The row of its frame, and which one that is; 0: its process has none. */
static int put_step(struct pt_writer *w, const struct pt_track *track, const struct pt_fault_step *step,
		    sqlite3_int64 *ret_frame)
{
	const uint64_t numbers[] = {step->seq,  step->from_ns,  step->to_ns,    step->minor,  step->major,
				    step->lost, step->children, step->left_out, step->period, step->system_calls};
	sqlite3_stmt *insert;
	int code = pt_record_put(w, PT_PUT_FAULT_FRAME, &insert);
	*ret_frame = 0;
	if (code != SQLITE_OK)
		return code;
	sqlite3_bind_int64(insert, 1, track->id);
	for (int i = 0; i < (int)(sizeof(numbers) / sizeof(*numbers)); i++)
		pt_bind_number(insert, 2 + i, numbers[i]);
	code = sqlite3_step(insert);
	if (code == SQLITE_ROW)
		*ret_frame = sqlite3_column_int64(insert, 0);
	int reset = sqlite3_reset(insert);
	sqlite3_clear_bindings(insert);
	return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : reset != SQLITE_OK ? reset : code;
}

static int put_cell(struct pt_writer *w, const struct pt_track *track, sqlite3_int64 frame, sqlite3_int64 stack,
		    const struct pt_fault_cell *cell)
{
	sqlite3_int64 vma = cell->vma_end ? pt_track_vma(track, cell->vma_start) : 0;
	sqlite3_stmt *insert;
	int code = pt_record_put(w, PT_PUT_FAULT, &insert);
	if (code != SQLITE_OK)
		return code;
	if (!vma && cell->vma_end) /* a stack that has grown since */
		vma = pt_track_vma(track, cell->vma_end - 1);
	sqlite3_bind_int64(insert, 1, frame);
	sqlite3_bind_int64(insert, 2, vma);
	pt_bind_text(insert, 3, pt_fault_kind_name(cell->kind));
	sqlite3_bind_int64(insert, 4, stack);
	pt_bind_number(insert, 5, cell->events);
	pt_bind_number(insert, 6, cell->major);
	pt_bind_number(insert, 7, cell->kernel);
	pt_bind_number(insert, 8, cell->born);
	return pt_db_step(insert);
}

static int put_all(struct pt_writer *w, const struct pt_fault_step *step, sqlite3_int64 *stacks)
{
	const struct pt_track *track = pt_track_of(w, step->pid, step->start_time);
	sqlite3_int64 frame = 0;
	int code = track && track->before ? make_tables(w) : SQLITE_DONE;
	if (code == SQLITE_DONE)
		return SQLITE_OK;
	if (code == SQLITE_OK)
		code = put_step(w, track, step, &frame);
	if (code != SQLITE_OK || !frame)
		return code;
	for (size_t i = 0; code == SQLITE_OK && i < step->n_stacks; i++)
		code = put_stack(w, step->stacks[i], &stacks[1 + i]);
	for (size_t i = 0; code == SQLITE_OK && i < step->n_cells; i++)
		code = put_cell(w, track, frame, stacks[step->cells[i].stack], &step->cells[i]);
	return code;
}

int pt_writer_faults(struct pt_writer *w, const struct pt_fault_step *step)
{
	sqlite3_int64 *stacks = calloc(step->n_stacks + 1, sizeof(*stacks)); /* their ids; the first is of none */
	bool had_tables = w->has_fault_tables;
	int code = stacks ? pt_record_begin(w) : SQLITE_NOMEM;
	if (code == SQLITE_OK)
		code = put_all(w, step, stacks);
	code = pt_record_end(w, code);
	free(stacks);
	if (code == SQLITE_OK)
		return 0;
	w->has_fault_tables = had_tables; /* what was put in is not there */
	pt_fault_names_free(&w->fault_names);
	return pt_record_fail(w, code);
}
