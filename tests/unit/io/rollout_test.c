/* A rollout as the supervisor steps through it, with the test at the other end of both channels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "io/supervisor.h"

#define EPOCH 5

struct world {
    struct lk_supervisor *s;
    int front, vault; /* the children's ends */
};

static void join(struct lk_ward *w, const char *name, int *end)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    *w = (struct lk_ward){.name = name, .ready = true, .child = {.channel = pair[0], .threaded = true}};
    *end = pair[1];
}

static struct lk_bundle *bundle(uint64_t generation)
{
    struct lk_bundle *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->generation = generation;
    b->conf_fd = -1;
    for (size_t i = 0; i <= LK_FILE_CRL; i++)
        b->file_fd[i] = -1;
    return b;
}

static void open_world(struct world *w)
{
    w->s = calloc(1, sizeof *w->s);
    assert_non_null(w->s);
    join(&w->s->front, "front", &w->front);
    join(&w->s->vault, "vault", &w->vault);
    w->s->plan = (struct lk_plan_message){.loops = 1, .workers = 1, .small_per_loop = 64, .large_per_loop = 1};
    w->s->epoch = EPOCH - 1;
    w->s->epoch_fd = -1;
    lk_epoch_begin(w->s);
}

static void close_world(struct world *w)
{
    lk_bundle_free(w->s->current);
    lk_bundle_free(w->s->next);
    if (w->s->epoch_fd >= 0) close(w->s->epoch_fd);
    close(w->s->front.child.channel);
    close(w->s->vault.child.channel);
    close(w->front);
    close(w->vault);
    free(w->s);
}

/* The next message a child got; false: none. */
static bool told(int end, struct lk_message *m)
{
    struct pollfd p = {.fd = end, .events = POLLIN};
    if (poll(&p, 1, 0) <= 0) return false;
    assert_int_equal(lk_channel_receive(end, m), LK_OK);
    lk_message_close(m);
    return true;
}

static lk_err say(struct world *w, struct lk_ward *from, uint32_t kind, uint64_t number)
{
    static struct lk_message m;
    m = (struct lk_message){.kind = kind, .bytes = sizeof number};
    memcpy(m.body, &number, sizeof number);
    return lk_rollout_hear(w->s, from, &m);
}

static void rollout_takes_back_what_the_front_refused(void **state)
{
    (void)state;
    struct world w;
    static struct lk_message m;
    open_world(&w);
    assert_true(told(w.vault, &m));
    w.s->current = bundle(3);
    w.s->next = bundle(4);
    w.s->rollout = (struct lk_rollout){
        .step = LK_ROLLOUT_FRONT, .bundle = w.s->next, .fresh = true, .told = true, .committed = true};
    assert_int_equal(say(&w, &w.s->front, LK_M_REFUSED, 4), LK_OK);
    assert_true(told(w.vault, &m));
    uint64_t body[2];
    assert_int_equal(m.kind, LK_M_TAKE_BACK);
    assert_int_equal(m.bytes, sizeof body);
    memcpy(body, m.body, sizeof body);
    assert_int_equal(body[0], 4);
    assert_int_equal(body[1], 3);
    assert_null(w.s->next);
    assert_int_equal(w.s->current->generation, 3);
    close_world(&w);
}

/* A generation that the vault itself refused is not there to be taken back. */
static void rollout_asks_nothing_back_of_a_vault_that_refused(void **state)
{
    (void)state;
    struct world w;
    static struct lk_message m;
    open_world(&w);
    assert_true(told(w.vault, &m));
    w.s->current = bundle(3);
    w.s->next = bundle(4);
    w.s->rollout =
        (struct lk_rollout){.step = LK_ROLLOUT_VAULT, .bundle = w.s->next, .fresh = true, .told = true};
    assert_int_equal(say(&w, &w.s->vault, LK_M_REFUSED, 4), LK_OK);
    assert_false(told(w.vault, &m));
    close_world(&w);
}

static void rollout_counts_broken_epochs_against_the_other_child(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    uint64_t back_off_ns = 0;
    for (unsigned i = 1; i <= 10; i++) {
        assert_false(w.s->ended);
        assert_int_equal(say(&w, &w.s->vault, LK_M_EPOCH_BROKEN, w.s->epoch), LK_OK);
        assert_int_equal(w.s->front.breaches, i);
        assert_true(w.s->front.back_off_ns >= back_off_ns);
        back_off_ns = w.s->front.back_off_ns;
        assert_int_equal(w.s->epoch_fd, -1);
        lk_rollout_turn(w.s);
        assert_int_equal(w.s->epoch_fd, -1); /* it waits */
        w.s->epoch_after_ns = 0;
        lk_rollout_turn(w.s);
        assert_int_equal(w.s->epoch_fd >= 0, i < 10);
    }
    assert_true(w.s->ended && w.s->failed);
    assert_int_equal(w.s->vault.breaches, 0);
    close_world(&w);
}

static void rollout_forgives_broken_epochs_of_long_ago(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    for (unsigned i = 1; i <= 30; i++) {
        assert_int_equal(say(&w, &w.s->front, LK_M_EPOCH_BROKEN, w.s->epoch), LK_OK);
        for (unsigned j = 0; j < LK_STRIKES_PER_MINUTE_MAX; j++)
            w.s->vault.strike_ns[j] -= w.s->vault.strike_ns[j] > 0 ? 8 * LK_NS_PER_S : 0;
        w.s->epoch_after_ns = 0;
        lk_rollout_turn(w.s);
    }
    assert_false(w.s->ended);
    assert_int_equal(w.s->vault.breaches, 30);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rollout_takes_back_what_the_front_refused),
        cmocka_unit_test(rollout_asks_nothing_back_of_a_vault_that_refused),
        cmocka_unit_test(rollout_counts_broken_epochs_against_the_other_child),
        cmocka_unit_test(rollout_forgives_broken_epochs_of_long_ago),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
