/* SPDX-License-Identifier: MIT */
/* One running daemon: signals, reload, metrics log, admin, shutdown. */
#ifndef LB_DAEMON_H
#define LB_DAEMON_H

/* Runs until it is told to stop. 0, 1 (start failed) or 3 (storage failed). */
int daemon_run(const char *config_path);

#endif
