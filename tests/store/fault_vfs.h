/* SPDX-License-Identifier: MIT */
/*
 * A file system between SQLite and the real one that can be told to have no
 * room or to fail a sync. Becomes SQLite's default for the whole program.
 */
#ifndef LB_TEST_FAULT_VFS_H
#define LB_TEST_FAULT_VFS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

enum fault { FAULT_NONE, FAULT_NO_ROOM, FAULT_SYNC, FAULT_WRITE };

static _Atomic int fault_now; /* enum fault */

struct fault_file {
	sqlite3_file base;
	sqlite3_file *real; /* follows this struct in the same block */
};

static sqlite3_vfs fault_vfs;
static sqlite3_io_methods fault_methods;
static sqlite3_io_methods fault_methods_plain; /* without shared memory */

static inline sqlite3_file *fault_real(sqlite3_file *f)
{
	return ((struct fault_file *)(void *)f)->real;
}

static int fault_close(sqlite3_file *f)
{
	sqlite3_file *r = fault_real(f);
	return r->pMethods->xClose(r);
}

static int fault_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	sqlite3_file *r = fault_real(f);
	return r->pMethods->xRead(r, p, n, at);
}

static int fault_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	sqlite3_file *r = fault_real(f);
	if (fault_now == FAULT_NO_ROOM)
		return SQLITE_FULL;
	if (fault_now == FAULT_WRITE)
		return SQLITE_IOERR_WRITE;
	return r->pMethods->xWrite(r, p, n, at);
}

static int fault_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	sqlite3_file *r = fault_real(f);
	return r->pMethods->xTruncate(r, size);
}

static int fault_sync(sqlite3_file *f, int flags)
{
	sqlite3_file *r = fault_real(f);
	if (fault_now == FAULT_SYNC)
		return SQLITE_IOERR_FSYNC;
	return r->pMethods->xSync(r, flags);
}

static int fault_size(sqlite3_file *f, sqlite3_int64 *size)
{
	sqlite3_file *r = fault_real(f);
	return r->pMethods->xFileSize(r, size);
}

static int fault_lock(sqlite3_file *f, int level)
{
	sqlite3_file *r = fault_real(f);
	return r->pMethods->xLock(r, level);
}

static int fault_unlock(sqlite3_file *f, int level)
{
	sqlite3_file *r = fault_real(f);
	return r->pMethods->xUnlock(r, level);
}

static int fault_reserved(sqlite3_file *f, int *out)
{
	sqlite3_file *r = fault_real(f);
	return r->pMethods->xCheckReservedLock(r, out);
}

static int fault_control(sqlite3_file *f, int op, void *arg)
{
	sqlite3_file *r = fault_real(f);
	return r->pMethods->xFileControl(r, op, arg);
}

static int fault_sector(sqlite3_file *f)
{
	sqlite3_file *r = fault_real(f);
	return r->pMethods->xSectorSize(r);
}

static int fault_device(sqlite3_file *f)
{
	sqlite3_file *r = fault_real(f);
	return r->pMethods->xDeviceCharacteristics(r);
}

static int fault_shm_map(sqlite3_file *f, int page, int size, int extend,
			 void volatile **out)
{
	sqlite3_file *r = fault_real(f);
	return r->pMethods->xShmMap(r, page, size, extend, out);
}

static int fault_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	sqlite3_file *r = fault_real(f);
	return r->pMethods->xShmLock(r, at, n, flags);
}

static void fault_shm_barrier(sqlite3_file *f)
{
	sqlite3_file *r = fault_real(f);
	r->pMethods->xShmBarrier(r);
}

static int fault_shm_unmap(sqlite3_file *f, int remove)
{
	sqlite3_file *r = fault_real(f);
	return r->pMethods->xShmUnmap(r, remove);
}

static int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f,
		      int flags, int *out)
{
	sqlite3_vfs *real = vfs->pAppData;
	struct fault_file *own = (void *)f;
	own->real = (sqlite3_file *)(void *)(own + 1);
	int rc = real->xOpen(real, name, own->real, flags, out);
	own->base.pMethods = NULL;
	if (own->real->pMethods != NULL)
		own->base.pMethods = own->real->pMethods->iVersion >= 2
					 ? &fault_methods
					 : &fault_methods_plain;
	return rc;
}

static inline void fault_install(void)
{
	sqlite3_vfs *real = sqlite3_vfs_find(NULL);
	fault_methods = (sqlite3_io_methods){
	    .iVersion = 2,
	    .xClose = fault_close,
	    .xRead = fault_read,
	    .xWrite = fault_write,
	    .xTruncate = fault_truncate,
	    .xSync = fault_sync,
	    .xFileSize = fault_size,
	    .xLock = fault_lock,
	    .xUnlock = fault_unlock,
	    .xCheckReservedLock = fault_reserved,
	    .xFileControl = fault_control,
	    .xSectorSize = fault_sector,
	    .xDeviceCharacteristics = fault_device,
	    .xShmMap = fault_shm_map,
	    .xShmLock = fault_shm_lock,
	    .xShmBarrier = fault_shm_barrier,
	    .xShmUnmap = fault_shm_unmap,
	};
	fault_methods_plain = fault_methods;
	fault_methods_plain.iVersion = 1;
	fault_vfs = *real;
	fault_vfs.zName = "fault";
	fault_vfs.szOsFile = (int)sizeof(struct fault_file) + real->szOsFile;
	fault_vfs.pAppData = real;
	fault_vfs.xOpen = fault_open;
	(void)sqlite3_vfs_register(&fault_vfs, 1);
}

#endif
