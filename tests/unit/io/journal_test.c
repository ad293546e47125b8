/* The journal keeps every record, in order, and notices a broken chain. */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "io/journal.h"

#define RECORDS 5000u

static char dir[] = "/tmp/lurk-journal-XXXXXX";
static char path[128], error[512];
static struct lk_audit_ring ring[2];

static int setup(void **state)
{
    (void)state;
    memset(ring, 0, sizeof ring);
    strcpy(dir + sizeof dir - 7, "XXXXXX");
    if (mkdtemp(dir) == NULL) return -1;
    snprintf(path, sizeof path, "%s/audit.log", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    DIR *d = opendir(dir);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
    return rmdir(dir);
}

static void append(unsigned worker, uint32_t i)
{
    struct lk_audit_record r = {.unix_ns = 1000000000ull * i,
                                .request_id = i,
                                .key_handle = 1ull << 32 | i % 7,
                                .tenant = i % 3,
                                .edge = i,
                                .exchange = 8,
                                .status = 1,
                                .worker = (uint16_t)worker};
    memset(r.key_full, (int)i, sizeof r.key_full);
    memset(r.random, 0xa5, sizeof r.random);
    *lk_audit_place(&ring[worker], 0) = r;
    lk_audit_append(&ring[worker], 1, lk_sha256_lanes_library);
}

/* Lines with an exchange, each of them JSON with the next number of its worker. */
static unsigned count_lines(unsigned *events, const char *event)
{
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    json_int_t next[2] = {1, 1};
    unsigned count = 0;
    char line[1024];
    *events = 0;
    while (fgets(line, sizeof line, f) != NULL) {
        json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(o);
        if (json_object_get(o, "exchange") != NULL) {
            json_int_t worker = json_integer_value(json_object_get(o, "worker"));
            assert_int_equal(json_integer_value(json_object_get(o, "sequence")), next[worker]++);
            assert_string_equal(json_string_value(json_object_get(o, "exchange")), "tls12.ecdhe");
            assert_int_equal(strlen(json_string_value(json_object_get(o, "key"))), 64);
            assert_string_equal(json_string_value(json_object_get(o, "random")),
                                "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5");
            count++;
        } else if (strcmp(json_string_value(json_object_get(o, "event")), event) == 0) {
            (*events)++;
        }
        json_decref(o);
    }
    fclose(f);
    return count;
}

static void journal_holds_every_record_in_order(void **state)
{
    (void)state;
    struct lk_journal j;
    assert_int_equal(lk_journal_open(&j, dir, ring, 2, error, sizeof error), LK_OK);
    uint64_t now_ns = LK_NS_PER_S;
    assert_int_equal(lk_journal_turn(&j, now_ns), LK_JOURNAL_NOTHING);
    for (uint32_t i = 0; i < RECORDS; i++) {
        append(i % 2, i);
        if (i % 1000 == 999)
            assert_int_equal(lk_journal_turn(&j, now_ns += LK_NS_PER_S), LK_JOURNAL_SOME);
    }
    append(0, RECORDS);
    lk_journal_close(&j, now_ns);
    assert_int_equal(j.broken, 0);
    unsigned starts;
    assert_int_equal(count_lines(&starts, "start"), RECORDS + 1);
    assert_int_equal(starts, 2);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

/* A worker at its fastest fills a ring in the pauses of a supervisor that does not know of it. */
static void journal_says_when_a_ring_has_more(void **state)
{
    (void)state;
    struct lk_journal j;
    assert_int_equal(lk_journal_open(&j, dir, ring, 1, error, sizeof error), LK_OK);
    for (uint32_t i = 0; i < LK_AUDIT_RECORDS_PER_WORKER; i++)
        append(0, i);
    unsigned turns = 1;
    while (lk_journal_turn(&j, LK_NS_PER_S) == LK_JOURNAL_MORE)
        turns++;
    assert_true(turns > 1);
    assert_true(lk_audit_room(&ring[0], LK_AUDIT_RECORDS_PER_WORKER));
    append(0, 0);
    assert_int_equal(lk_journal_turn(&j, LK_NS_PER_S), LK_JOURNAL_SOME);
    assert_int_equal(lk_journal_turn(&j, LK_NS_PER_S), LK_JOURNAL_NOTHING);
    lk_journal_close(&j, LK_NS_PER_S);
}

static void journal_notices_an_edited_record(void **state)
{
    (void)state;
    struct lk_journal j;
    assert_int_equal(lk_journal_open(&j, dir, ring, 1, error, sizeof error), LK_OK);
    append(0, 1);
    append(0, 2);
    append(0, 3);
    ring[0].record[1].edge ^= 1;
    lk_journal_turn(&j, LK_NS_PER_S);
    assert_int_equal(j.broken, 1);
    append(0, 4); /* the chain goes on from what stands in the ring */
    lk_journal_turn(&j, LK_NS_PER_S);
    assert_int_equal(j.broken, 1);
    lk_journal_close(&j, LK_NS_PER_S);
    unsigned broken;
    assert_int_equal(count_lines(&broken, "chain broken"), 4);
    assert_int_equal(broken, 1);
}

static void journal_says_why_it_cannot_open(void **state)
{
    (void)state;
    struct lk_journal j;
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_true(lk_journal_open(&j, dir, ring, 1, error, sizeof error) < 0);
    assert_non_null(strstr(error, path));
    assert_int_equal(j.fd, -1);
}

/* /dev/full takes nothing: records stay in the ring, none is lost when the disk is back. */
static void journal_loses_nothing_to_a_full_disk(void **state)
{
    (void)state;
    struct lk_journal j;
    assert_int_equal(lk_journal_open(&j, dir, ring, 1, error, sizeof error), LK_OK);
    lk_journal_turn(&j, LK_NS_PER_S);
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    int file = j.fd;
    j.fd = fileno(full);
    for (uint32_t i = 0; i < 1000; i++)
        append(0, i);
    lk_journal_turn(&j, 2 * LK_NS_PER_S);
    lk_journal_turn(&j, 3 * LK_NS_PER_S);
    assert_true(atomic_load(&ring[0].head) < 1000); /* not everything was taken */
    j.fd = file;
    fclose(full);
    lk_journal_close(&j, 4 * LK_NS_PER_S);
    unsigned broken;
    assert_int_equal(count_lines(&broken, "chain broken"), 1000);
    assert_int_equal(broken, 0);
}

/* A disk that is busy for as long as we like: nobody but the journal's own thread may wait for it. */
static sem_t disk_free;
static atomic_bool disk_busy, waited_here;
static atomic_uint begun;
static pthread_t tester;

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
    if (!atomic_load(&disk_busy)) return __real_fdatasync(fd);
    if (pthread_equal(pthread_self(), tester)) {
        atomic_store(&waited_here, true);
        return 0;
    }
    atomic_fetch_add(&begun, 1);
    while (sem_wait(&disk_free) != 0)
        continue;
    return __real_fdatasync(fd);
}

static void journal_takes_records_while_the_disk_is_busy(void **state)
{
    (void)state;
    struct lk_journal j;
    sem_init(&disk_free, 0, 0);
    tester = pthread_self();
    atomic_store(&disk_busy, true);
    assert_int_equal(lk_journal_open(&j, dir, ring, 1, error, sizeof error), LK_OK);
    const uint32_t count = 3 * LK_AUDIT_RECORDS_PER_WORKER;
    for (uint32_t i = 0; i < count; i++) {
        assert_true(lk_audit_room(&ring[0], 1)); /* a worker would refuse its request */
        append(0, i);
        if (i % 100 == 99) lk_journal_turn(&j, (2 + i) * LK_NS_PER_S);
        if (i == 99)
            while (atomic_load(&begun) == 0 && !atomic_load(&waited_here))
                sched_yield();
    }
    assert_false(atomic_load(&waited_here));
    assert_int_equal(atomic_load(&begun), 1); /* a second round does not begin beside the first */
    atomic_store(&disk_busy, false);
    sem_post(&disk_free);
    lk_journal_close(&j, (3 + count) * LK_NS_PER_S);
    unsigned broken;
    assert_int_equal(count_lines(&broken, "chain broken"), count);
    assert_int_equal(broken, 0);
    sem_destroy(&disk_free);
}

/* A run of lurkd that uses a key three times; true: the journal was found whole. */
static bool run_once(bool reopen)
{
    struct lk_journal j;
    memset(ring, 0, sizeof ring);
    assert_int_equal(lk_journal_open(&j, dir, ring, 1, error, sizeof error), LK_OK);
    bool whole = !j.damaged;
    append(0, 1);
    append(0, 2);
    lk_journal_turn(&j, LK_NS_PER_S);
    if (reopen) lk_journal_reopen(&j);
    for (unsigned i = 0; i < 200 && j.reopen; i++) { /* the thread may be at the disk */
        lk_journal_turn(&j, LK_NS_PER_S);
        sched_yield();
    }
    append(0, 3);
    lk_journal_close(&j, 2 * LK_NS_PER_S);
    return whole;
}

static char *contents(const char *of, size_t *len)
{
    static char text[1 << 20];
    FILE *f = fopen(of, "r");
    assert_non_null(f);
    *len = fread(text, 1, sizeof text - 1, f);
    text[*len] = 0;
    fclose(f);
    return text;
}

static void put(const char *text, size_t len)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    fclose(f);
}

/* The value of a member in the last line that has this text, 32 digits. */
static void member_of(const char *text, const char *line, const char *name, char out[33])
{
    const char *at = NULL;
    for (const char *p = text; (p = strstr(p, line)) != NULL; p++)
        at = p;
    assert_non_null(at);
    at = strstr(at, name);
    assert_non_null(at);
    snprintf(out, 33, "%s", at + strlen(name));
}

/* A vault that breaks it with each record fills no log. */
static void journal_tells_of_a_broken_chain_once_a_second(void **state)
{
    (void)state;
    struct lk_journal j;
    assert_int_equal(lk_journal_open(&j, dir, ring, 1, error, sizeof error), LK_OK);
    for (unsigned i = 0; i < 3; i++) {
        append(0, i);
        ring[0].record[i].edge ^= 1;
        lk_journal_turn(&j, LK_NS_PER_S);
    }
    assert_int_equal(j.broken, 3);
    assert_int_equal(j.broken_limit.left_out, 2);
    lk_journal_close(&j, LK_NS_PER_S);
}

static void journal_goes_on_from_the_run_before(void **state)
{
    (void)state;
    char first[33], second[33];
    size_t len;
    assert_true(run_once(false));
    member_of(contents(path, &len), "\"start\"", "\"chain\":\"", first);
    assert_true(run_once(false));
    member_of(contents(path, &len), "\"start\"", "\"chain\":\"", second);
    assert_string_not_equal(first, second);
    assert_true(run_once(false));
    unsigned files;
    size_t starts = 0;
    for (const char *p = contents(path, &len); (p = strstr(p, "\"start\"")) != NULL; p++)
        starts++;
    assert_int_equal(starts, 3);
    files = strstr(contents(path, &len), ".damaged") != NULL;
    assert_int_equal(files, 0);
}

static void journal_notices_a_cut_and_goes_on_beside_it(void **state)
{
    (void)state;
    size_t len;
    for (unsigned what = 0; what < 4; what++) {
        assert_true(run_once(false));
        assert_true(run_once(false));
        char *text = contents(path, &len);
        if (what == 0) { /* the last line */
            while (text[len - 2] != '\n')
                len--;
            len--;
        } else if (what == 1) { /* a byte of the first record */
            strstr(text, "\"status\":1")[9] = '2';
        } else if (what == 2) { /* the end of the last line */
            len -= 5;
        } else { /* the first run, which leaves a file that follows by itself */
            char *second = strstr(strstr(text, "\"start\"") + 1, "\"start\"");
            while (second[-1] != '\n')
                second--;
            char *first = strchr(text, '\n') + 1;
            memmove(first, second, strlen(second) + 1);
            len = strlen(text);
        }
        put(text, len);
        assert_false(run_once(false));
        assert_true(run_once(false)); /* in the new file all is well */
    }
}

static void journal_begins_a_new_file_when_the_old_one_was_moved(void **state)
{
    (void)state;
    char moved[sizeof dir + 32], last[33], before[33];
    size_t len;
    struct lk_journal j;
    snprintf(moved, sizeof moved, "%s/old", dir);
    assert_true(run_once(true)); /* nobody moved it: the same file */
    assert_int_equal(access(moved, F_OK), -1);
    memset(ring, 0, sizeof ring);
    assert_int_equal(lk_journal_open(&j, dir, ring, 1, error, sizeof error), LK_OK);
    append(0, 1);
    lk_journal_turn(&j, LK_NS_PER_S);
    assert_int_equal(rename(path, moved), 0);
    lk_journal_reopen(&j);
    while (j.reopen) {
        lk_journal_turn(&j, LK_NS_PER_S);
        sched_yield();
    }
    append(0, 2);
    lk_journal_close(&j, 2 * LK_NS_PER_S);
    member_of(contents(moved, &len), "\"exchange\"", "\"hash\":\"", last);
    assert_null(strstr(contents(moved, &len), "\"continue\""));
    member_of(contents(path, &len), "\"continue\"", "\"chain\":\"", before);
    assert_string_equal(last, before);
    assert_true(run_once(false));
}

int main(void)
{
    lk_log_level(LK_LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(journal_holds_every_record_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(journal_says_when_a_ring_has_more, setup, teardown),
        cmocka_unit_test_setup_teardown(journal_notices_an_edited_record, setup, teardown),
        cmocka_unit_test_setup_teardown(journal_tells_of_a_broken_chain_once_a_second, setup, teardown),
        cmocka_unit_test_setup_teardown(journal_goes_on_from_the_run_before, setup, teardown),
        cmocka_unit_test_setup_teardown(journal_notices_a_cut_and_goes_on_beside_it, setup, teardown),
        cmocka_unit_test_setup_teardown(journal_begins_a_new_file_when_the_old_one_was_moved, setup, teardown),
        cmocka_unit_test_setup_teardown(journal_says_why_it_cannot_open, setup, teardown),
        cmocka_unit_test_setup_teardown(journal_loses_nothing_to_a_full_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(journal_takes_records_while_the_disk_is_busy, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
