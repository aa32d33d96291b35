"""A wall clock that a test can step for the processes that it starts, and for no others."""

import mmap
import os
import struct
import subprocess
from pathlib import Path

_SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static volatile long long *step_s;
static int (*true_time)(clockid_t, struct timespec *);
static int (*true_wait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

__attribute__((constructor)) static void start(void) {
    true_time = dlsym(RTLD_NEXT, "clock_gettime");
    true_wait = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    int file = open(getenv("STEPPED_CLOCK"), O_RDONLY);
    step_s = mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (!true_time) start();
    int answer = true_time(clock, now);
    if (clock == CLOCK_REALTIME) now->tv_sec += *step_s;
    return answer;
}

int gettimeofday(struct timeval *now, void *zone) {
    struct timespec exact;
    int answer = clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return answer;
}

/* Waiting until a time of the wall clock, in slices, as the clock may be stepped meanwhile. */
int pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until) {
    if (until->tv_sec < 1000000000) return true_wait(c, m, until); /* of the monotonic clock */
    for (;;) {
        struct timespec now;
        true_time(CLOCK_REALTIME, &now);
        long long left = (until->tv_sec - now.tv_sec - *step_s) * 1000000000LL
                         + until->tv_nsec - now.tv_nsec;
        if (left <= 0) return ETIMEDOUT;
        now.tv_nsec += left < 20000000 ? left : 20000000;
        now.tv_sec += now.tv_nsec / 1000000000;
        now.tv_nsec %= 1000000000;
        int answer = true_wait(c, m, &now);
        if (answer != ETIMEDOUT) return answer;
    }
}
"""


class SteppedClock:
    """The clock.

    Args:
        folder: Where its files go.

    Attributes:
        environment: Of the processes that live by it.
    """

    def __init__(self, folder: Path) -> None:
        source, library, step = (folder / name for name in ("shim.c", "shim.so", "step"))
        source.write_text(_SHIM)
        command = ["gcc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"]
        subprocess.run(command, check=True)
        step.write_bytes(bytes(8))
        with step.open("r+b") as file:
            self._step = mmap.mmap(file.fileno(), 8)
        self.environment = {"LD_PRELOAD": str(library), "STEPPED_CLOCK": str(step)}

    def step(self, seconds: int) -> None:
        """Move it, compared with the true one [s]."""
        self._step[:] = struct.pack("q", seconds)
        os.sched_yield()
