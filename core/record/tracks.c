/*
 * The processes of a recording (writer.h): their rows, and a track for each that lives. There may be as many as a build
 * starts at once, so they are looked for one after the other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/record/writer.h"

struct pt_track *pt_track_of(const struct pt_writer *w, pid_t pid, uint64_t start_time)
{
	for (size_t i = w->n_tracks; i-- > 0;)
		if (w->tracks[i]->pid == pid && w->tracks[i]->start_time == start_time)
			return w->tracks[i];
	return NULL;
}

static struct pt_track *add(struct pt_writer *w, const struct pt_recorded *p)
{
	if (w->n_tracks == w->room_tracks) {
		size_t room = w->room_tracks ? w->room_tracks * 2 : 16;
		struct pt_track **v = realloc(w->tracks, room * sizeof(struct pt_track *));
		if (!v)
			return NULL;
		w->tracks = v;
		w->room_tracks = room;
	}
	struct pt_track *track = calloc(1, sizeof(*track));
	if (!track)
		return NULL;
	track->pid = p->pid;
	track->start_time = p->start_time;
	track->stale = true;
	w->tracks[w->n_tracks++] = track;
	return track;
}

static int put_row(struct pt_writer *w, const struct pt_recorded *p, struct pt_track *track)
{
	sqlite3_stmt *put;
	int code = pt_record_put(w, PT_PUT_PROCESS, &put);
	if (code != SQLITE_OK)
		return code;
	pt_bind_number(put, 1, (uint64_t)p->pid);
	pt_bind_number(put, 2, p->start_time);
	pt_bind_maybe(put, 3, (struct pt_maybe){(uint64_t)p->parent, p->parent > 0});
	pt_bind_text(put, 4, w->anonymize ? "process" : p->name);
	pt_bind_maybe(put, 5, p->began_ns);
	pt_bind_maybe(put, 6, p->ended_ns);
	pt_bind_maybe(put, 7, p->exit_status);
	pt_bind_maybe(put, 8, p->peak_rss);
	code = sqlite3_step(put);
	if (code == SQLITE_ROW) {
		track->id = sqlite3_column_int64(put, 0);
		track->ended = sqlite3_column_int(put, 1) != 0;
		snprintf(track->name, sizeof(track->name), "%s", p->name);
		track->stale = false;
	}
	int reset = sqlite3_reset(put);
	sqlite3_clear_bindings(put);
	return code == SQLITE_ROW ? SQLITE_OK : reset != SQLITE_OK ? reset : SQLITE_INTERNAL;
}

int pt_track_put(struct pt_writer *w, const struct pt_recorded *p, bool anew, struct pt_track **ret)
{
	struct pt_track *track = pt_track_of(w, p->pid, p->start_time);
	if (!track)
		track = add(w, p);
	*ret = track;
	if (!track)
		return SQLITE_NOMEM;
	return anew || track->stale || strcmp(track->name, p->name) != 0 ? put_row(w, p, track) : SQLITE_OK;
}

static void free_track(struct pt_track *track)
{
	pt_snapshot_unref(track->before);
	free(track->ids);
	free(track);
}

void pt_tracks_settle(struct pt_writer *w, bool committed)
{
	size_t kept = 0;
	for (size_t i = 0; i < w->n_tracks; i++) {
		struct pt_track *track = w->tracks[i];
		if (committed && track->id > w->last_process)
			w->last_process = track->id;
		if (committed ? track->ended : track->id > w->last_process || !track->id) {
			free_track(track);
			continue;
		}
		track->stale |= !committed;
		track->ended = false;
		w->tracks[kept++] = track;
	}
	w->n_tracks = kept;
}

void pt_tracks_free(struct pt_writer *w)
{
	for (size_t i = 0; i < w->n_tracks; i++)
		free_track(w->tracks[i]);
	free(w->tracks);
}
