/* A disk that turns: preloaded into the server, it lets each sync wait as a hard disk's journal would.
 *
 * One commit of the journal takes SLOWDISK_US microseconds, and they come one after the other. A sync is answered by the first
 * commit that begins after it was asked for, so syncs that wait together share one. Reads and the bandwidth are the real disk's. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static unsigned long begun, done;
static int busy;

static void commit(void) {
    const char *text = getenv("SLOWDISK_US");
    long us = text ? atol(text) : 10000;
    struct timespec span = {us / 1000000, us % 1000000 * 1000};
    pthread_mutex_lock(&lock);
    unsigned long mine = begun + 1;
    while (done < mine) {
        if (busy) {
            pthread_cond_wait(&ended, &lock);
            continue;
        }
        busy = 1;
        unsigned long now = ++begun;
        pthread_mutex_unlock(&lock);
        nanosleep(&span, NULL);
        pthread_mutex_lock(&lock);
        busy = 0;
        done = now;
        pthread_cond_broadcast(&ended);
    }
    pthread_mutex_unlock(&lock);
}

int fsync(int fd) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    int result = real(fd);
    commit();
    return result;
}

int fdatasync(int fd) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    int result = real(fd);
    commit();
    return result;
}
