/* A closed-loop HTTP/1.1 keep-alive load generator: one thread, epoll, prepared requests, JSON on stdout.
 *
 * It sends bytes that bench/load.py prepared and understands only as much of an answer as is needed to find its end.
 * It knows nothing of the protocol under test. bench/loadgen.py is the same program in Python, for machines without cc.
 *
 *   loadgen HOST PORT FILE --connections N [--seconds S] [--count C] [--once] [--warmup S] [--follow] [--save FILE]
 *
 * FILE (little-endian): "DRLG", u32 bodies, each u32 length + bytes; u32 lists, each u32 requests, each
 * u32 length, i32 index of a body to send after it (-1: none), bytes. Connection i draws from list i mod lists.
 * --once uses every request one time, otherwise a list starts again at its end. --follow answers a redirect with a GET
 * of its Location on the same connection and counts both as one request. SAVE receives for every answer:
 * u32 list, u32 index, u32 head length, u32 body length, head, body.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX 32768
#define READ_SIZE (1 << 18)
#define STALL_SECONDS 60.0 /* nothing at all from the server for so long: give up */
#define IO_ERRORS_MAX 200

struct text { const char *at; uint32_t len; };
struct request { struct text head; int32_t body; };
struct list { struct request *all; uint32_t n, next; };
enum framing { LENGTH, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILER };

struct conn {
    int fd, open, busy, want_out, followed;
    struct list *from;
    uint32_t index;
    struct text head, body; /* what is being sent */
    size_t sent;
    double began;
    char in[HEAD_MAX + 1]; /* the answer's head */
    size_t in_len;
    int head_done, status, closes, no_body;
    enum framing framing;
    uint64_t left;      /* bytes left of the body or chunk */
    char line[32];      /* a chunk-size line in progress */
    size_t line_len;
    char *keep;         /* the body, when it is saved */
    size_t keep_len, keep_cap;
    char follow[HEAD_MAX + 512];
};

static struct text *bodies;
static struct list *lists;
static uint32_t n_lists;
static struct addrinfo *address;
static const char *host, *port;
static int poller, once, follow, busy_conns;
static FILE *save;
static double *samples, warm_until, deadline, started, ended, last_heard;
static size_t n_samples, cap_samples;
static uint64_t bytes_in, bytes_out, by_status[1000], issued, count_max = UINT64_MAX, io_errors, reconnects;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what) {
    fprintf(stderr, "loadgen: %s\n", what);
    exit(2);
}

static const char *cursor, *file_end;
static struct text take_bytes(uint32_t len) {
    struct text t = {cursor, len};
    if ((uint64_t)(file_end - cursor) < len) die("request file too short");
    cursor += len;
    return t;
}
static uint32_t take_u32(void) {
    uint32_t v;
    memcpy(&v, take_bytes(4).at, 4);
    return v;
}
static void *take_memory(size_t n, size_t size) {
    void *p = calloc(n ? n : 1, size);
    if (!p) die("out of memory");
    return p;
}

static void read_requests(const char *path) {
    struct stat st;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &st) < 0 || (cursor = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) == MAP_FAILED) die(path);
    file_end = cursor + st.st_size;
    if (memcmp(take_bytes(4).at, "DRLG", 4)) die("not a request file");
    uint32_t n = take_u32();
    bodies = take_memory(n, sizeof *bodies);
    for (uint32_t i = 0; i < n; i++) bodies[i] = take_bytes(take_u32());
    n_lists = take_u32();
    lists = take_memory(n_lists, sizeof *lists);
    for (uint32_t l = 0; l < n_lists; l++) {
        lists[l].n = take_u32();
        lists[l].all = take_memory(lists[l].n, sizeof(struct request));
        for (uint32_t i = 0; i < lists[l].n; i++) {
            uint32_t len = take_u32();
            lists[l].all[i].body = (int32_t)take_u32();
            lists[l].all[i].head = take_bytes(len);
        }
    }
}

static void watch(struct conn *c, int op, int out) {
    struct epoll_event e = {.events = EPOLLIN | (out ? EPOLLOUT : 0), .data.ptr = c};
    if (epoll_ctl(poller, op, c->fd, &e) < 0) die("epoll_ctl");
    c->want_out = out;
}

static void connect_to(struct conn *c) {
    int yes = 1;
    c->fd = socket(address->ai_family, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, address->ai_addr, address->ai_addrlen) < 0) die(strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    c->open = 1;
    watch(c, EPOLL_CTL_ADD, 0);
}

static void expect_answer(struct conn *c) {
    c->sent = c->in_len = c->keep_len = 0;
    c->head_done = 0;
    c->no_body = c->head.len > 5 && !memcmp(c->head.at, "HEAD ", 5);
}

/* Sends what is left. That the connection broke is seen when epoll reports it readable. */
static void send_more(struct conn *c) {
    size_t total = (size_t)c->head.len + c->body.len;
    while (c->sent < total) {
        struct iovec v[2];
        int n = 0;
        if (c->sent < c->head.len) v[n++] = (struct iovec){(void *)(c->head.at + c->sent), c->head.len - c->sent};
        size_t skip = c->sent > c->head.len ? c->sent - c->head.len : 0;
        if (c->body.len > skip) v[n++] = (struct iovec){(void *)(c->body.at + skip), c->body.len - skip};
        struct msghdr m = {.msg_iov = v, .msg_iovlen = (size_t)n};
        ssize_t r = sendmsg(c->fd, &m, MSG_NOSIGNAL);
        if (r < 0) break;
        c->sent += (size_t)r;
        bytes_out += (uint64_t)r;
    }
    int out = c->sent < total;
    if (out != c->want_out) watch(c, EPOLL_CTL_MOD, out);
}

/* Takes the next request of its list, or leaves the connection idle when there is none or time is up. */
static void next_request(struct conn *c) {
    struct list *l = c->from;
    if (c->busy) busy_conns--;
    c->busy = 0;
    if (issued >= count_max || now() >= deadline || !l->n || (once && l->next >= l->n)) return;
    c->index = l->next++;
    if (!once && l->next == l->n) l->next = 0;
    struct request *r = &l->all[c->index];
    c->head = r->head;
    c->body = r->body < 0 ? (struct text){NULL, 0} : bodies[r->body];
    c->busy = 1, c->followed = 0;
    busy_conns++, issued++;
    expect_answer(c);
    c->began = now();
    if (!c->open) connect_to(c), reconnects++;
    send_more(c);
}

static void store_answer(struct conn *c) {
    uint32_t head[4] = {(uint32_t)(c->from - lists), c->index, (uint32_t)c->in_len, (uint32_t)c->keep_len};
    if (fwrite(head, 4, 4, save) != 4 || fwrite(c->in, 1, c->in_len, save) != c->in_len ||
        fwrite(c->keep, 1, c->keep_len, save) != c->keep_len) die("saving answers");
}

static const char *header(struct conn *c, const char *name, size_t len) {
    for (char *p = strstr(c->in, "\r\n"); p && p[2] != '\r'; p = strstr(p + 2, "\r\n"))
        if (!strncasecmp(p + 2, name, len)) {
            p += 2 + len;
            while (*p == ' ') p++;
            return p;
        }
    return NULL;
}

/* Turns a redirect to our own address into the next thing to send; 0 when it leads elsewhere. */
static int start_follow(struct conn *c) {
    const char *to = header(c, "location:", 9), *path = to;
    char own[300];
    int n = snprintf(own, sizeof own, "http://%s:%s/", host, port);
    if (!to || (*to != '/' && strncmp(to, own, (size_t)n))) return 0;
    if (*to != '/') path = to + n - 1;
    int len = snprintf(c->follow, sizeof c->follow, "GET %.*s HTTP/1.1\r\nHost: %s:%s\r\n\r\n", (int)strcspn(path, "\r"), path, host, port);
    c->head = (struct text){c->follow, (uint32_t)len};
    c->body.len = 0, c->followed = 1;
    expect_answer(c);
    return 1;
}

static void finish(struct conn *c) {
    double t = now();
    int early = c->sent < (size_t)c->head.len + c->body.len; /* answered before we had sent everything */
    if (follow && !c->followed && c->status / 100 == 3 && !c->closes && start_follow(c)) {
        send_more(c);
        return;
    }
    by_status[c->status]++;
    ended = t;
    if (n_samples == cap_samples) {
        cap_samples = cap_samples ? cap_samples * 2 : 65536;
        if (!(samples = realloc(samples, cap_samples * sizeof *samples))) die("out of memory");
    }
    samples[n_samples++] = (t - c->began) * 1e3;
    if (save) store_answer(c);
    if (c->closes || early) close(c->fd), c->open = 0;
    next_request(c);
}

static void read_head(struct conn *c) {
    const char *v;
    c->in[c->in_len] = 0;
    if (sscanf(c->in, "HTTP/1.%*d %3d", &c->status) != 1 || c->status < 100) die("not an HTTP answer");
    v = header(c, "connection:", 11);
    c->closes = (v && !strncasecmp(v, "close", 5));
    c->framing = LENGTH;
    c->left = c->line_len = 0;
    if (c->no_body || c->status == 204 || c->status == 304) return;
    if ((v = header(c, "transfer-encoding:", 18)) && !strncasecmp(v, "chunked", 7)) c->framing = CHUNK_SIZE;
    else if ((v = header(c, "content-length:", 15))) c->left = strtoull(v, NULL, 10);
    else c->closes = 1; /* a body up to the end of the connection, as in HTTP/1.0, is not read */
}

static void keep_body(struct conn *c, const char *at, size_t n) {
    if (!save) return;
    if (c->keep_len + n > c->keep_cap && !(c->keep = realloc(c->keep, c->keep_cap = (c->keep_len + n) * 2))) die("out of memory");
    memcpy(c->keep + c->keep_len, at, n);
    c->keep_len += n;
}

/* Eats body bytes; 1 when the answer is complete. */
static int read_body(struct conn *c, const char *p, size_t n) {
    const char *end = p + n;
    if (c->framing == LENGTH && !c->left) return 1;
    while (p < end) {
        size_t have = (size_t)(end - p), use;
        switch (c->framing) {
        case LENGTH:
        case CHUNK_DATA:
            use = have < c->left ? have : (size_t)c->left;
            keep_body(c, p, use);
            p += use;
            c->left -= use;
            if (!c->left && c->framing == LENGTH) return 1;
            if (!c->left) c->framing = CHUNK_END, c->line_len = 0;
            break;
        default: /* a line: chunk size, the empty one after a chunk, or a trailer */
            if (*p != '\n') {
                if (*p != '\r' && c->line_len < sizeof c->line - 1) c->line[c->line_len++] = *p;
                p++;
                break;
            }
            p++, c->line[c->line_len] = 0;
            if (c->framing == CHUNK_END) c->framing = CHUNK_SIZE;
            else if (c->framing == CHUNK_SIZE) c->framing = (c->left = strtoull(c->line, NULL, 16)) ? CHUNK_DATA : TRAILER;
            else if (!c->line_len) return 1;
            c->line_len = 0;
        }
    }
    return 0;
}

static void on_readable(struct conn *c) {
    static char buffer[READ_SIZE];
    ssize_t r = recv(c->fd, buffer, sizeof buffer, 0);
    if (r < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (r <= 0) {
        close(c->fd), c->open = 0;
        if (c->busy && ++io_errors > IO_ERRORS_MAX) deadline = 0;
        if (c->busy) next_request(c);
        return;
    }
    bytes_in += (uint64_t)r;
    last_heard = now();
    if (!c->busy) return; /* bytes nobody asked for */
    const char *p = buffer;
    size_t n = (size_t)r;
    while (!c->head_done) {
        size_t room = HEAD_MAX - c->in_len, use = n < room ? n : room, before = c->in_len;
        memcpy(c->in + before, p, use);
        char *found = memmem(c->in, before + use, "\r\n\r\n", 4);
        if (!found) {
            c->in_len += use;
            if (c->in_len == HEAD_MAX) die("an answer's head is too long");
            return;
        }
        c->in_len = (size_t)(found + 4 - c->in);
        p += c->in_len - before;
        n -= c->in_len - before;
        read_head(c);
        if (c->status / 100 == 1) c->in_len = 0; /* 100 Continue and the like: the real head follows */
        else c->head_done = 1;
        if (!n && !c->head_done) return;
    }
    if (read_body(c, p, n)) finish(c);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(double share) {
    size_t i = (size_t)(share * (double)n_samples);
    return n_samples ? samples[i < n_samples ? i : n_samples - 1] : 0;
}

static void report(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    double cpu = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
    double took = ended > started ? ended - started : 0;
    qsort(samples, n_samples, sizeof *samples, ascending);
    printf("{\"generator\": \"c\", \"issued\": %llu, \"requests\": %zu, \"seconds\": %.4f, \"rps\": %.2f, \"p50_ms\": %.4f, \"p90_ms\": %.4f, \"p99_ms\": %.4f, "
           "\"max_ms\": %.4f, \"bytes_in\": %llu, \"bytes_out\": %llu, \"cpu_s\": %.4f, \"io_errors\": %llu, \"reconnects\": %llu, \"status\": {",
           (unsigned long long)issued, n_samples, took, took > 0 ? (double)n_samples / took : 0, percentile(.5), percentile(.9), percentile(.99), percentile(1),
           (unsigned long long)bytes_in, (unsigned long long)bytes_out, cpu, (unsigned long long)io_errors, (unsigned long long)reconnects);
    for (int s = 0, some = 0; s < 1000; s++)
        if (by_status[s]) printf("%s\"%d\": %llu", some++ ? ", " : "", s, (unsigned long long)by_status[s]);
    puts("}}");
}

static void start_counting_again(void) {
    warm_until = 0, started = ended = now();
    n_samples = 0, bytes_in = bytes_out = 0;
    memset(by_status, 0, sizeof by_status);
}

int main(int argc, char **argv) {
    double seconds = 0, warmup = 0;
    int connections = 1;
    if (argc < 4) die("usage: loadgen HOST PORT FILE [options]; see the top of loadgen.c");
    host = argv[1], port = argv[2];
    for (int i = 4; i < argc; i++) {
        const char *o = argv[i], *v = i + 1 < argc ? argv[i + 1] : "0";
        if (!strcmp(o, "--once")) once = 1;
        else if (!strcmp(o, "--follow")) follow = 1;
        else if (!strcmp(o, "--connections")) connections = atoi(v), i++;
        else if (!strcmp(o, "--seconds")) seconds = atof(v), i++;
        else if (!strcmp(o, "--warmup")) warmup = atof(v), i++;
        else if (!strcmp(o, "--count")) count_max = strtoull(v, NULL, 10), i++;
        else if (!strcmp(o, "--save")) { if (!(save = fopen(v, "wb"))) die(v); i++; }
        else die("unknown option");
    }
    if (connections < 1 || (seconds <= 0 && !once && count_max == UINT64_MAX)) die("give --seconds, --count or --once");
    signal(SIGPIPE, SIG_IGN);
    read_requests(argv[3]);
    struct addrinfo want = {.ai_socktype = SOCK_STREAM};
    if (getaddrinfo(host, port, &want, &address)) die("unknown host");
    if ((poller = epoll_create1(0)) < 0) die("epoll");
    struct conn *all = take_memory((size_t)connections, sizeof *all);
    for (int i = 0; i < connections; i++) connect_to(&all[i]);
    started = ended = last_heard = now();
    warm_until = warmup > 0 ? started + warmup : 0;
    deadline = seconds > 0 ? started + warmup + seconds : 1e18;
    for (int i = 0; i < connections; i++) all[i].from = &lists[i % n_lists], next_request(&all[i]);
    struct epoll_event events[256];
    while (busy_conns) {
        int n = epoll_wait(poller, events, 256, 200);
        for (int i = 0; i < n; i++) {
            struct conn *c = events[i].data.ptr;
            if (c->open && (events[i].events & ~(uint32_t)EPOLLOUT)) on_readable(c);
            else if (c->open) send_more(c);
        }
        if (warm_until && now() >= warm_until) start_counting_again();
        if (now() - last_heard > STALL_SECONDS) die("the server has stopped answering");
    }
    if (save && fclose(save)) die("saving answers");
    report();
    return 0;
}
