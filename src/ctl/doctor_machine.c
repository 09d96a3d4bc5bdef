/* SPDX-License-Identifier: MIT */
/*
 * What leadbridgectl doctor says about the machine: clock, disk and its syncs,
 * the unit's sandbox. Leaves nothing behind.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ctl/doctor.h"
#include "leadbridge/buf.h"

enum {
	SYNCS = 20,
	MEDIAN = SYNCS / 2,
	SLOW_US = 50000,
	SAID_MAX = 64 << 10,
	EXPOSURE_MAX = 20
};

/* ---- clock -------------------------------------------------------------- */

static void look_at_clock(struct doctor *d)
{
	struct timex t = {0};
	int state = ntp_adjtime(&t);
	if (state < 0)
		doctor_say(d, DOCTOR_SKIPPED, "clock",
			   "the kernel does not say");
	else if (state == TIME_ERROR || (t.status & STA_UNSYNC) != 0)
		doctor_say(d, DOCTOR_WARN, "clock",
			   "not synchronised: signatures with a timestamp are "
			   "refused when it is five minutes off");
	else
		doctor_say(d, DOCTOR_OK, "clock", "synchronised, within %ld ms",
			   t.esterror / 1000);
}

/* ---- unit --------------------------------------------------------------- */

/* Standard output of a program; its exit status, or -1. */
static int output_of(char *const argv[], struct buf *out)
{
	int pipes[2], status = -1;
	pid_t pid;
	posix_spawn_file_actions_t actions;
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return -1;
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, pipes[1], 1);
	(void)posix_spawn_file_actions_addopen(&actions, 2, "/dev/null",
					       O_WRONLY, 0);
	int rc = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(pipes[1]);
	char chunk[4096];
	ssize_t n;
	while (rc == 0 && (n = read(pipes[0], chunk, sizeof(chunk))) > 0)
		buf_add(out, chunk, (size_t)n);
	(void)close(pipes[0]);
	if (rc != 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* "→ Overall exposure level for leadbridged.service: 1.1 OK" -> 11 */
static int exposure(struct str said)
{
	static const char word[] = "leadbridged.service: ";
	long at = str_find_str(said, str_from(word));
	if (at < 0)
		return -1;
	struct str rest, point;
	rest = str_sub(said, (size_t)at + sizeof(word) - 1, said.n);
	int64_t whole, tenth;
	struct str score = str_cut(rest, ' ', &rest);
	score = str_cut(score, '.', &point);
	if (str_to_int(score, 0, 10, &whole) != 0 ||
	    str_to_int(point, 0, 9, &tenth) != 0)
		return -1;
	return (int)(whole * 10 + tenth);
}

static void look_at_unit(struct doctor *d)
{
	char program[] = "systemd-analyze", verb[] = "security";
	char plain[] = "--no-pager", unit[] = "leadbridged.service";
	char *argv[] = {program, verb, plain, unit, NULL};
	struct buf said;
	buf_init(&said, SAID_MAX);
	int score = -1;
	if (access("/run/systemd/system", F_OK) == 0 &&
	    output_of(argv, &said) == 0)
		score = exposure(buf_str(&said));
	buf_release(&said);
	if (score < 0)
		doctor_say(d, DOCTOR_SKIPPED, "unit",
			   "systemd does not know leadbridged.service here");
	else
		doctor_say(d, score <= EXPOSURE_MAX ? DOCTOR_OK : DOCTOR_WARN,
			   "unit", "exposure %d.%d of 10", score / 10,
			   score % 10);
}

void doctor_machine(struct doctor *d)
{
	look_at_clock(d);
	look_at_unit(d);
}

/* ---- disk --------------------------------------------------------------- */

/* statfs(2): file systems whose locks or syncs SQLite cannot rely on. */
static const char *network_file_system(long type)
{
	static const struct {
		long type;
		const char *name;
	} rows[] = {
	    {0x6969, "NFS"},        {0x517B, "SMB"},
	    {0xFE534D42, "SMB2"},   {0xFF534D42, "CIFS"},
	    {0x65735546, "FUSE"},   {0x01021994, "tmpfs: gone after a restart"},
	    {0x00C36400, "CephFS"}, {0x47504653, "GPFS"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].type == type)
			return rows[i].name;
	return NULL;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* Fills in how long each of SYNCS small writes took to be on the disk. */
static int time_syncs(const char *folder, int64_t us[SYNCS])
{
	char block[4096] = {0};
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	int rc = 0;
	for (int i = 0; i < SYNCS && rc == 0; i++) {
		int64_t at = clock_mono_us();
		if (pwrite(fd, block, sizeof(block),
			   (off_t)i * (off_t)sizeof(block)) < 0 ||
		    fdatasync(fd) != 0)
			rc = -1;
		us[i] = clock_mono_us() - at;
	}
	(void)close(fd);
	qsort(us, SYNCS, sizeof(us[0]), by_value);
	return rc;
}

static void look_at_syncs(struct doctor *d, const char *folder)
{
	int64_t us[SYNCS];
	if (time_syncs(folder, us) != 0)
		doctor_say(d, DOCTOR_SKIPPED, "syncs of the disk",
			   "you may not write into %s", folder);
	else
		doctor_say(d, us[SYNCS - 2] > SLOW_US ? DOCTOR_WARN : DOCTOR_OK,
			   "syncs of the disk",
			   "%.1f ms, the slowest of %d %.1f ms: each answer "
			   "waits for one",
			   (double)us[MEDIAN] / 1e3, SYNCS,
			   (double)us[SYNCS - 1] / 1e3);
}

void doctor_store(struct doctor *d)
{
	struct statfs fs;
	const struct store_config *store = &d->config->store;
	char *folder = xstrdup(store->path);
	char *slash = strrchr(folder, '/');
	if (slash != NULL)
		slash[slash == folder ? 1 : 0] = '\0';
	if (slash == NULL || statfs(folder, &fs) != 0) {
		doctor_say(d, DOCTOR_BAD, "store", "no folder '%s'", folder);
		free(folder);
		return;
	}
	int64_t free_bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_bsize;
	const char *odd = network_file_system((long)fs.f_type);
	if (odd != NULL)
		doctor_say(d, DOCTOR_WARN, "store",
			   "%s is on %s: no place for a store", folder, odd);
	else if (free_bytes < store->low_water + store->reserve)
		doctor_say(d, DOCTOR_BAD, "store", "%lld MB free in %s",
			   (long long)(free_bytes >> 20), folder);
	else
		doctor_say(d, DOCTOR_OK, "store", "%s, %lld MB free",
			   store->path, (long long)(free_bytes >> 20));
	look_at_syncs(d, folder);
	free(folder);
}
