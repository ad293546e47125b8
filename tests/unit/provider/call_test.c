#include "tools/provider/call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <openssl/async.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "tools/liblurk/packet.h"
#include "tools/provider/kept.h"
#include "tools/provider/selfcheck.h"
#include "tools/provider/thread.h"

#define WAIT_MS 300       /* for an answer that does not come */
#define ANSWER_MS 20000   /* for one that does, on a busy machine */
#define MARGIN_MS 2000 /* a busy machine */

/* --- what lk_call leans on, as far as it matters here ---------------------------------------- */

static enum lk_prov_reason last_reason;

void lk_prov_error(const struct lk_prov *prov, enum lk_prov_reason reason, const char *format, ...)
{
    (void)prov, (void)format;
    last_reason = reason;
}

void lk_prov_trace(const struct lk_prov *prov, const char *format, ...)
{
    (void)prov, (void)format;
}

void lk_selfcheck_asked(const struct lk_pkey *key, size_t len)
{
    (void)key, (void)len;
}

/* --- an agent -------------------------------------------------------------------------------- */

enum manner { ANSWERS, DEAF, CLOSES_ONCE, ANSWERS_AND_CLOSES };

static struct world {
    struct lk_prov prov;
    struct lk_pkey key;
    int listener;
    pthread_t thread;
    enum manner manner;
    unsigned accepted, requests, serving;
    bool closed; /* ANSWERS_AND_CLOSES: it did */
    int gate[2]; /* ANSWERS: one byte lets one answer go, where held is set */
    bool held;
} world;

static unsigned keys_let_go;

void lk_pkey_free(struct lk_pkey *key)
{
    keys_let_go += key == &world.key;
}

static bool serve_one(int fd)
{
    uint8_t packet[LK_PACKET_BYTES_MAX], out[LK_PACKET_BYTES_MAX];
    ssize_t n = recv(fd, packet, sizeof packet, 0);
    struct lk_packet in;
    if (n <= 0) return false;
    __atomic_add_fetch(&world.requests, 1, __ATOMIC_RELEASE);
    if (world.manner == DEAF) return true;
    if (world.manner == CLOSES_ONCE) {
        world.manner = ANSWERS;
        return false;
    }
    char byte;
    if (world.held && read(world.gate[0], &byte, 1) != 1) return false;
    if (lk_packet_request_read(lk_bytes_of(packet, (size_t)n), &in) != LK_PACKET_ANSWERED) return false;
    uint8_t *message = packet + LK_PACKET_HEAD_BYTES;
    message[3] = 1; /* success, of the same length: an empty answer */
    struct lk_packet answer = {.kind = LK_PACKET_ANSWER, .tag = in.tag, .body = lk_bytes_of(message, in.body.len)};
    struct lk_writer w = lk_writer_of(out, sizeof out);
    lk_packet_write(&w, &answer);
    if (send(fd, out, w.len, MSG_NOSIGNAL) != (ssize_t)w.len) return false;
    if (world.manner != ANSWERS_AND_CLOSES || read(world.gate[0], &byte, 1) != 1) return true;
    shutdown(fd, SHUT_RDWR);
    __atomic_store_n(&world.closed, true, __ATOMIC_RELEASE);
    return false;
}

static void *serve(void *data)
{
    int fd = (int)(intptr_t)data;
    while (serve_one(fd)) {
    }
    close(fd);
    __atomic_sub_fetch(&world.serving, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void *agent(void *data)
{
    (void)data;
    for (int fd; (fd = accept4(world.listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
        pthread_t thread;
        world.accepted++;
        __atomic_add_fetch(&world.serving, 1, __ATOMIC_RELAXED);
        assert_int_equal(pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd), 0);
        pthread_detach(thread);
    }
    return NULL;
}

static int begin(void **state)
{
    static unsigned tests;
    (void)state;
    world = (struct world){.prov.settings = {.wait_ms = ANSWER_MS, .trace_fd = -1}};
    world.key.prov = &world.prov;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int len = snprintf(world.key.agent, sizeof world.key.agent, "@lurk-call-test-%d-%u", getpid(), tests++);
    memcpy(name.sun_path, world.key.agent, (size_t)len);
    name.sun_path[0] = 0;
    world.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len);
    assert_int_equal(bind(world.listener, (struct sockaddr *)&name, bytes), 0);
    assert_int_equal(listen(world.listener, 16), 0);
    assert_int_equal(pipe2(world.gate, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&world.thread, NULL, agent, NULL), 0);
    last_reason = LK_REASON_NONE;
    return 0;
}

/* A connection that nobody has looked at yet would take the next test's manner for its own. */
static int end(void **state)
{
    (void)state;
    shutdown(world.listener, SHUT_RDWR);
    pthread_join(world.thread, NULL);
    close(world.listener);
    lk_thread_leave();
    close(world.gate[1]);
    while (__atomic_load_n(&world.serving, __ATOMIC_ACQUIRE) > 0)
        sched_yield();
    close(world.gate[0]);
    return 0;
}

static void deaf(void)
{
    world.manner = DEAF;
    world.prov.settings.wait_ms = WAIT_MS;
}

/* One ping; how long it took. */
static bool ping(uint64_t *took_ms)
{
    uint8_t message[LURK_HEADER_BYTES];
    size_t len;
    struct lk_reply reply;
    assert_int_equal(lurk_ping_write(LURK_TLS12, message, sizeof message, &len), LURK_OK);
    uint64_t began = lk_now_ns();
    bool good = lk_call(&world.key, (struct lurk_bytes){message, len}, "tls12.ping", &reply);
    *took_ms = (lk_now_ns() - began) / 1000000;
    if (good) assert_int_equal(reply.answer.status, 1);
    lk_reply_fini(&reply);
    return good;
}

/* --- a program that blocks ------------------------------------------------------------------- */

static void call_keeps_its_connection(void **state)
{
    (void)state;
    uint64_t took;
    for (int i = 0; i < 5; i++)
        assert_true(ping(&took));
    assert_int_equal(world.accepted, 1);
}

static void call_waits_no_longer_than_it_may(void **state)
{
    (void)state;
    uint64_t took;
    deaf();
    assert_false(ping(&took));
    assert_int_equal(last_reason, LK_REASON_AGENT);
    assert_true(took >= WAIT_MS - 1 && took < WAIT_MS + MARGIN_MS);
    world.manner = ANSWERS;
    world.prov.settings.wait_ms = ANSWER_MS;
    assert_true(ping(&took));
}

static void call_is_made_once_more_where_the_agent_went(void **state)
{
    (void)state;
    uint64_t took;
    world.manner = CLOSES_ONCE;
    assert_true(ping(&took));
    assert_int_equal(world.accepted, 2);
    assert_int_equal(world.requests, 2);
}

static void call_without_an_agent_fails_at_once(void **state)
{
    (void)state;
    uint64_t took;
    strcat(world.key.agent, "-nobody");
    assert_false(ping(&took));
    assert_int_equal(last_reason, LK_REASON_AGENT);
    assert_true(took < WAIT_MS);
}

static void call_of_a_child_has_a_connection_of_its_own(void **state)
{
    (void)state;
    uint64_t took;
    assert_true(ping(&took));
    pid_t child = fork();
    if (child == 0) _exit(ping(&took) ? 0 : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(world.accepted, 2);
    assert_true(ping(&took)); /* the parent's is still good */
    assert_int_equal(world.accepted, 2);
}

static void thread_that_leaves_starts_anew(void **state)
{
    (void)state;
    uint64_t took;
    assert_true(ping(&took));
    struct lk_kept *kept = lk_thread_kept();
    lk_kept_handle_take(kept, lk_now_ns())->key = &world.key;
    lk_thread_leave();
    lk_thread_leave(); /* there is none */
    assert_int_equal(keys_let_go, 1);
    assert_true(ping(&took));
    assert_int_equal(world.accepted, 2);
}

/* --- a paused job ---------------------------------------------------------------------------- */

static bool job_good;

static int job_run(void *data)
{
    uint64_t took;
    for (int *left = *(int **)data; *left > 0; (*left)--)
        job_good = ping(&took) && job_good;
    return 1;
}

struct job {
    ASYNC_JOB *job;
    ASYNC_WAIT_CTX *ctx;
    int calls;
    OSSL_ASYNC_FD fd;
    unsigned pauses;
};

static int job_step(struct job *job)
{
    int ret, *calls = &job->calls;
    int end = ASYNC_start_job(&job->job, job->ctx, &ret, job_run, &calls, sizeof calls);
    if (end != ASYNC_PAUSE) return end;
    size_t count = 0;
    OSSL_ASYNC_FD fd = -1;
    assert_true(ASYNC_WAIT_CTX_get_all_fds(job->ctx, NULL, &count));
    assert_int_equal(count, 1);
    assert_true(ASYNC_WAIT_CTX_get_all_fds(job->ctx, &fd, &count));
    if (job->pauses++ > 0) assert_int_equal(fd, job->fd); /* one for its whole life */
    job->fd = fd;
    return end;
}

static void job_begin(struct job *job, int calls)
{
    *job = (struct job){.ctx = ASYNC_WAIT_CTX_new(), .calls = calls, .fd = -1};
    job_good = true;
}

static unsigned requests(void)
{
    return __atomic_load_n(&world.requests, __ATOMIC_ACQUIRE);
}

/* By poll on its descriptor, as servers do. Where answers are held back, one goes for each request
 * that the paused job has made. */
static void job_finish(struct job *job)
{
    unsigned let = 0;
    for (int end; (end = job_step(job)) != ASYNC_FINISH;) {
        assert_int_equal(end, ASYNC_PAUSE);
        struct pollfd fd = {.fd = job->fd, .events = POLLIN};
        while (world.held && requests() == let && poll(&fd, 1, 0) == 0) {
        }
        if (world.held && requests() > let) {
            let++;
            assert_int_equal(write(world.gate[1], "x", 1), 1);
        }
        assert_int_equal(poll(&fd, 1, (int)world.prov.settings.wait_ms + MARGIN_MS), 1);
    }
    ASYNC_WAIT_CTX_free(job->ctx);
}

static void job_has_one_descriptor_for_its_life(void **state)
{
    (void)state;
    struct job job;
    world.held = true;
    job_begin(&job, 3);
    job_finish(&job);
    assert_true(job_good);
    assert_true(job.pauses >= 3);
}

/* A program is told of a descriptor by the job that pauses; one that it finds otherwise it does not
 * know. */
static void job_that_does_not_pause_shows_no_descriptor(void **state)
{
    (void)state;
    struct job job;
    size_t count = 1;
    strcat(world.key.agent, "-nobody");
    job_begin(&job, 2);
    assert_int_equal(job_step(&job), ASYNC_FINISH);
    assert_false(job_good);
    assert_true(ASYNC_WAIT_CTX_get_all_fds(job.ctx, NULL, &count));
    assert_int_equal(count, 0);
    ASYNC_WAIT_CTX_free(job.ctx);
}

static void job_may_be_woken_for_nothing(void **state)
{
    (void)state;
    struct job job;
    world.held = true;
    job_begin(&job, 1);
    for (int i = 0; i < 50; i++)
        assert_int_equal(job_step(&job), ASYNC_PAUSE);
    job_finish(&job);
    assert_true(job_good);
}

static void job_is_woken_when_the_time_is_up(void **state)
{
    (void)state;
    struct job job;
    deaf();
    job_begin(&job, 1);
    uint64_t began = lk_now_ns();
    job_finish(&job);
    uint64_t took = (lk_now_ns() - began) / 1000000;
    assert_false(job_good);
    assert_int_equal(last_reason, LK_REASON_AGENT);
    assert_true(took >= WAIT_MS - 1 && took < WAIT_MS + MARGIN_MS);
}

static void job_goes_on_with_another_agent(void **state)
{
    (void)state;
    struct job job;
    world.manner = CLOSES_ONCE;
    job_begin(&job, 1);
    job_finish(&job);
    assert_true(job_good);
    assert_int_equal(world.accepted, 2);
}

/* How many are open. */
static unsigned descriptors(void)
{
    unsigned count = 0;
    DIR *list = opendir("/proc/self/fd");
    for (struct dirent *entry; list != NULL && (entry = readdir(list)) != NULL;)
        count += entry->d_name[0] != '.';
    if (list != NULL) closedir(list);
    return count;
}

static void job_done(int calls)
{
    struct job job;
    job_begin(&job, calls);
    job_finish(&job);
    assert_true(job_good);
}

static void jobs_one_after_another_share_a_connection(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        job_done(1);
    assert_int_equal(world.accepted, 1);
    uint64_t took;
    assert_true(ping(&took)); /* a program that blocks has no clock */
    assert_int_equal(world.accepted, 2);
}

/* An answer that nobody waits for any more is not the next job's. */
static void job_that_gave_up_leaves_no_connection(void **state)
{
    (void)state;
    struct job job;
    deaf();
    job_begin(&job, 1);
    job_finish(&job);
    assert_false(job_good);
    world.manner = ANSWERS;
    world.prov.settings.wait_ms = ANSWER_MS;
    job_done(1);
    assert_int_equal(world.accepted, 2);
}

static void job_finds_that_the_agent_went_meanwhile(void **state)
{
    (void)state;
    job_done(1);
    world.manner = CLOSES_ONCE;
    job_done(1);
    assert_int_equal(world.accepted, 2);
}

/* Once more is once: not used up by a connection that ended while nobody used it. */
static void job_on_a_dead_line_is_made_once_more_all_the_same(void **state)
{
    (void)state;
    world.manner = ANSWERS_AND_CLOSES;
    job_done(1);
    assert_int_equal(write(world.gate[1], "x", 1), 1);
    while (!__atomic_load_n(&world.closed, __ATOMIC_ACQUIRE))
        sched_yield();
    world.manner = CLOSES_ONCE;
    job_done(1);
    assert_int_equal(world.accepted, 3);
}

static void jobs_at_once_have_a_connection_each(void **state)
{
    (void)state;
    enum { JOBS = LK_LINES_MAX + 3 };
    struct job job[JOBS];
    world.held = true;
    for (int i = 0; i < JOBS; i++) {
        job_begin(&job[i], 1);
        assert_int_equal(job_step(&job[i]), ASYNC_PAUSE);
    }
    world.held = false;
    assert_int_equal(write(world.gate[1], "xxxxxxxxxxxxxxxxxxxxxxxx", JOBS), JOBS);
    for (int i = 0; i < JOBS; i++)
        job_finish(&job[i]);
    assert_true(job_good);
    assert_int_equal(world.accepted, JOBS);
    for (int i = 0; i < JOBS; i++)
        job_done(1); /* no more than it may are kept, and no fewer */
    assert_int_equal(world.accepted, JOBS);
    lk_thread_leave();
}

static int kept_clock(void)
{
    const struct lk_lines *lines = &lk_thread_get()->lines;
    for (size_t i = 0; i < LK_LINES_MAX; i++)
        if (strcmp(lines->line[i].agent, world.key.agent) == 0) return lines->line[i].clock_fd;
    return -1;
}

/* Of one clock the time would be set in both. */
static void job_of_a_child_has_a_line_of_its_own(void **state)
{
    (void)state;
    struct itimerspec at = {{0}, {0}};
    job_done(1);
    int clock_fd = kept_clock();
    assert_int_equal(timerfd_settime(clock_fd, 0, &at, NULL), 0);
    world.held = true;
    pid_t child = fork();
    if (child == 0) {
        unsigned before = descriptors();
        struct job job;
        job_begin(&job, 1);
        int end = job_step(&job);
        if (end != ASYNC_PAUSE || write(world.gate[1], "x", 1) != 1) _exit(2);
        world.held = false;
        job_finish(&job);
        _exit(job_good && descriptors() == before ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(timerfd_gettime(clock_fd, &at), 0);
    assert_true(at.it_value.tv_sec == 0 && at.it_value.tv_nsec == 0);
    assert_int_equal(world.accepted, 2);
    world.held = false;
    job_done(1);
    assert_int_equal(world.accepted, 2);
}

/* 0, or what was wrong. */
static int count_in_a_child(void)
{
    struct job job;
    job_begin(&job, 1);
    lk_thread_leave(); /* what other tests left */
    unsigned before = descriptors();
    if (job_step(&job) != ASYNC_PAUSE) return 1;
    if (descriptors() != before + 3) return 2; /* what is waited on, the socket, the clock */
    unsigned low = 0;
    for (int fd = 0; fd < 256; fd++)
        low += fcntl(fd, F_GETFD) >= 0;
    if (low != before - 1 + 1) return 4; /* only the first among the low numbers */
    job_finish(&job);
    return descriptors() == before ? 0 : 3;
}

/* In a process where nothing else opens or closes: the agent is its parent's. */
static void job_leaves_nothing_open(void **state)
{
    (void)state;
    deaf();
    pid_t child = fork();
    if (child == 0) _exit(count_in_a_child());
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(call_keeps_its_connection),
        T(call_waits_no_longer_than_it_may),
        T(call_is_made_once_more_where_the_agent_went),
        T(call_without_an_agent_fails_at_once),
        T(call_of_a_child_has_a_connection_of_its_own),
        T(thread_that_leaves_starts_anew),
        T(job_has_one_descriptor_for_its_life),
        T(job_that_does_not_pause_shows_no_descriptor),
        T(job_may_be_woken_for_nothing),
        T(job_is_woken_when_the_time_is_up),
        T(job_goes_on_with_another_agent),
        T(jobs_one_after_another_share_a_connection),
        T(job_that_gave_up_leaves_no_connection),
        T(job_finds_that_the_agent_went_meanwhile),
        T(job_on_a_dead_line_is_made_once_more_all_the_same),
        T(jobs_at_once_have_a_connection_each),
        T(job_of_a_child_has_a_line_of_its_own),
        T(job_leaves_nothing_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
