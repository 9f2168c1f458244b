/*
 * The screens, one file each. Every constructor returns NULL when memory ran out.
 */
#ifndef UI_SCREENS_H
#define UI_SCREENS_H

#include "tui/shell.h"

struct ui_screen *ui_processes_new(struct ui_shell *shell);
struct ui_screen *ui_overview_new(struct ui_shell *shell);
/* The map of [start, end), VMAs end to end; of the whole process if end is 0. The cursor starts at `cursor`. */
struct ui_screen *ui_map_new(struct ui_shell *shell, uint64_t start, uint64_t end, uint64_t cursor, unsigned layer);
struct ui_screen *ui_faults_new(struct ui_shell *shell);
struct ui_screen *ui_hunt_new(struct ui_shell *shell);
/* The object of the heap that an address lies in. */
struct ui_screen *ui_object_new(struct ui_shell *shell, uint64_t address);
/* The other processes that share what the screen on top is about. */
struct ui_screen *ui_sharers_new(struct ui_shell *shell);
/* All frames of the machine, and what the kernel keeps account of. */
struct ui_screen *ui_machine_new(struct ui_shell *shell);
/* The target and what was forked from it; or any process and its forks. */
struct ui_screen *ui_family_new(struct ui_shell *shell);
struct ui_screen *ui_family_of(pid_t pid);
struct ui_screen *ui_page_new(struct ui_shell *shell, uint64_t address);
/* One page frame and who maps it; with a target below it or without one. */
struct ui_screen *ui_frame_new(struct ui_shell *shell, uint64_t pfn);
/*
 * What of a file is cached, by its path and by a link that leads there without its name (pt_mapped_file, or "").
 * The cursor starts at page `page`. Both are copied.
 */
struct ui_screen *ui_file_new(const char *path, const char *link, uint64_t page);
/* Pushes that of the file that is mapped at an address of the target, or says why not. */
void ui_file_open(struct ui_shell *shell, uint64_t address);

#endif
