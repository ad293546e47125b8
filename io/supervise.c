#include "io/supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "io/supervisor.h"

#define BACK_OFF_NS_MIN (100 * LK_NS_PER_MS)
#define BACK_OFF_NS_MAX (5 * LK_NS_PER_S)
#define STEADY_NS (10 * LK_NS_PER_S) /* a child that lived so long starts again without a wait */
#define HEARTBEAT_NS_MAX (2 * LK_NS_PER_S)
/* A look comes every 20 ms or sooner. Of a longer gap we stood still or starved ourselves, and so
 * may they: only so much of it counts against them. */
#define LOOK_NS_MAX (100 * LK_NS_PER_MS)
#define STOP_NS LK_NS_PER_S
/* Until the journal is looked at again: a ring holds 32,768 uses of a key. */
static const int journal_ms[] = {
    [LK_JOURNAL_NOTHING] = 20, [LK_JOURNAL_SOME] = 5, [LK_JOURNAL_MORE] = 0};

/* --- start ------------------------------------------------------------------------------------ */

static void fill_plan_message(struct lk_supervisor *s)
{
    struct lk_plan_message *m = &s->plan;
    const struct lk_conf *c = s->next->conf;
    *m = (struct lk_plan_message){.one_process = s->options.one_process,
                                  .loops = s->threads.loops,
                                  .workers = s->threads.workers,
                                  .small_per_loop = c->slots_small_per_loop,
                                  .large_per_loop = c->slots_large_per_loop};
    for (uint32_t i = 0; i < m->loops + m->workers; i++) {
        const struct lk_plan_thread *t = &s->threads.thread[i];
        bool loop = t->role == LK_PLAN_LOOP;
        (loop ? m->loop_cpu : m->worker_cpu)[t->index] = t->cpu;
        *(loop ? &m->loop_spins : &m->worker_spins) |= (uint64_t)t->spins << t->index;
    }
}

static lk_err make_plan(struct lk_supervisor *s)
{
    static struct lk_topology topology; /* tables of every CPU: large, and needed once */
    lk_err err = lk_topology_read(&topology);
    if (err != LK_OK) {
        snprintf(s->error, sizeof s->error, "the machine's CPUs cannot be read: %s",
                 lk_err_text(err));
        return err;
    }
    LK_TRY(lk_plan_make(s->next->conf, &topology, &s->threads, s->error, sizeof s->error));
    fill_plan_message(s);
    lk_plan_print(&s->threads, stderr);
    return LK_OK;
}

static lk_err make_bells(struct lk_supervisor *s)
{
    for (uint32_t i = 0; i < s->plan.loops; i++) {
        s->bell_fd[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (s->bell_fd[i] < 0) return -errno;
    }
    return LK_OK;
}

static lk_err find_identities(struct lk_supervisor *s)
{
    const char *user = s->next->conf->user;
    LK_TRY(
        lk_child_identity_find(user, LK_ROLE_FRONT, &s->front.identity, s->error, sizeof s->error));
    return lk_child_identity_find(user, LK_ROLE_VAULT, &s->vault.identity, s->error,
                                  sizeof s->error);
}

static lk_err prepare_parts(struct lk_supervisor *s)
{
    const struct lk_conf *c = s->next->conf;
    lk_log_setup("lurkd", "supervisor", (enum lk_log_level)c->log_level, c->log_target);
    LK_TRY(find_identities(s));
    LK_TRY(make_plan(s));
    LK_TRY(make_bells(s));
    LK_TRY(lk_tables_open(s->plan.loops, s->plan.workers, c->novelty_entries, &s->tables));
    s->front.counters = s->tables.front;
    s->front.threads = s->plan.loops;
    s->vault.counters = s->tables.vault;
    s->vault.threads = s->plan.workers;
    LK_TRY(lk_control_open(&s->control, c->control_socket, s->error, sizeof s->error));
    s->control.owner = s;
    s->control.rows = lk_report_rows;
    s->control.row_count = lk_report_row_count;
    LK_TRY(lk_listeners_open(c, s->plan.loops, &s->listeners, s->error, sizeof s->error));
    /* Last: its first lines are written even by a start that fails. */
    return lk_journal_open(&s->journal, c->state_dir, s->tables.audit, s->plan.workers, s->error,
                           sizeof s->error);
}

/* Everything a child may need, before the first one starts. */
static lk_err prepare(struct lk_supervisor *s)
{
    LK_TRY(lk_bundle_open(s->options.conf_path, &s->next, s->error, sizeof s->error));
    lk_err err = prepare_parts(s);
    if (err != LK_OK && s->error[0] != 0) lk_bundle_say_where(s->next, s->error, sizeof s->error);
    return err;
}

static lk_err catch_signals(struct lk_supervisor *s)
{
    sigset_t set;
    sigemptyset(&set);
    const int caught[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++)
        sigaddset(&set, caught[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return -errno;
    signal(SIGPIPE, SIG_IGN);
    s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signal_fd >= 0 ? LK_OK : -errno;
}

static void raise_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* --- children
 * -------------------------------------------------------------------------------------- */

static lk_err send_plan(struct lk_supervisor *s, const struct lk_ward *w)
{
    struct lk_message *m = &s->message;
    s->plan.role = w->child.role;
    m->kind = LK_M_PLAN;
    m->bytes = sizeof s->plan;
    memcpy(m->body, &s->plan, sizeof s->plan);
    m->fd_count = (int)s->plan.loops;
    memcpy(m->fd, s->bell_fd, s->plan.loops * sizeof m->fd[0]);
    return lk_channel_send(w->child.channel, m);
}

static lk_err send_listeners(const struct lk_supervisor *s)
{
    const struct lk_listeners *l = &s->listeners;
    for (uint32_t i = 0; i < l->rows * l->loops; i++) {
        const struct lk_listen_message m = {.loop = i % l->loops,
                                            .transport = l->transport[i / l->loops]};
        LK_TRY(lk_channel_tell(s->front.child.channel, LK_M_LISTEN, &m, sizeof m, l->fd[i]));
    }
    if (l->admin < 0) return LK_OK;
    const struct lk_listen_message m = {.loop = LK_LISTEN_ADMIN};
    return lk_channel_tell(s->front.child.channel, LK_M_LISTEN, &m, sizeof m, l->admin);
}

static lk_err equip(struct lk_supervisor *s, struct lk_ward *w)
{
    LK_TRY(send_plan(s, w));
    LK_TRY(lk_tables_send(&s->tables, w->child.role, w->child.channel));
    return w == &s->front ? send_listeners(s) : LK_OK;
}

static void reset_heartbeats(struct lk_ward *w)
{
    atomic_store(&w->counters->ready, 0);
    for (uint32_t i = 0; i < w->threads; i++)
        atomic_store(&w->counters->thread[i].heartbeat_ns, 0);
}

static void strike(struct lk_supervisor *s, struct lk_ward *w, bool steady)
{
    uint64_t now_ns = lk_clock_now_ns();
    uint64_t *place = &w->strike_ns[w->strikes % LK_STRIKES_PER_MINUTE_MAX];
    bool too_many = w->strikes >= LK_STRIKES_PER_MINUTE_MAX - 1 &&
                    now_ns - w->strike_ns[(w->strikes + 1) % LK_STRIKES_PER_MINUTE_MAX] <
                        60 * LK_NS_PER_S;
    *place = now_ns;
    w->strikes++;
    if (steady) w->back_off_ns = 0;
    w->back_off_ns = w->back_off_ns == 0 ? BACK_OFF_NS_MIN : 2 * w->back_off_ns;
    if (w->back_off_ns > BACK_OFF_NS_MAX) w->back_off_ns = BACK_OFF_NS_MAX;
    if (!too_many) return;
    lk_log(LK_LOG_ERROR, "a child ended or broke the epoch ten times in a minute: giving up",
           LK_F_STR("child", w->name), LK_F_U64("deaths", w->deaths),
           LK_F_U64("breaches", w->breaches));
    s->failed = s->ended = true;
}

static void account_death(struct lk_supervisor *s, struct lk_ward *w)
{
    w->deaths++;
    strike(s, w, w->ready && lk_clock_now_ns() - w->ready_ns > STEADY_NS);
    w->start_ns = lk_clock_now_ns() + w->back_off_ns;
}

void lk_supervise_breach(struct lk_supervisor *s, struct lk_ward *at_fault)
{
    uint64_t before_ns = at_fault->strike_ns[(at_fault->strikes + LK_STRIKES_PER_MINUTE_MAX - 1) %
                                             LK_STRIKES_PER_MINUTE_MAX];
    at_fault->breaches++;
    strike(s, at_fault, lk_clock_now_ns() - before_ns > STEADY_NS);
    s->epoch_after_ns = lk_clock_now_ns() + at_fault->back_off_ns;
}

static void start_child(struct lk_supervisor *s, struct lk_ward *w)
{
    enum lk_role role = w == &s->front ? LK_ROLE_FRONT : LK_ROLE_VAULT;
    reset_heartbeats(w);
    lk_err err = s->options.one_process ? lk_child_start_thread(&w->child, role)
                                        : lk_child_start(&w->child, role, &w->identity);
    if (err != LK_OK) {
        lk_log(LK_LOG_ERROR, "a child cannot be started", LK_F_STR("child", w->name),
               LK_F_STR("error", lk_err_text(err)));
        account_death(s, w);
        return;
    }
    lk_log(LK_LOG_INFO, "child started", LK_F_STR("child", w->name), LK_F_I64("pid", w->child.pid));
    w->wants_load = true;
    w->ready = w->gone = false;
    if (equip(s, w) != LK_OK) lk_child_kill(&w->child);
}

static void bury(struct lk_supervisor *s, struct lk_ward *w, const char *how)
{
    bool expected = s->ended || s->drained;
    if (!expected)
        lk_log(LK_LOG_ERROR, "child ended", LK_F_STR("child", w->name), LK_F_STR("how", how),
               LK_F_U64("epoch", s->epoch));
    lk_rollout_death(s, w);
    account_death(s, w);
    w->ready = w->wants_load = false;
    s->epoch_wanted = true;
    if (w == &s->vault && !expected) lk_epoch_end(s);
    if (s->options.one_process && !expected)
        s->failed = s->ended = true; /* no thread is started twice */
}

static void watch_child(struct lk_supervisor *s, struct lk_ward *w, uint64_t now_ns)
{
    char how[128];
    if (lk_child_ended(&w->child, how, sizeof how)) bury(s, w, how);
    if (w->child.channel < 0 && now_ns >= w->start_ns && !s->ended && !s->draining)
        start_child(s, w);
}

/* What a killed vault has of secret memory is given back page by page, and its parent hears of the
 * end a tenth of a second later; the channel is closed before (lk_child_main). A child that closed
 * it and lives is dead now. */
static void lose_child(struct lk_supervisor *s, struct lk_ward *w)
{
    w->gone = true;
    if (w == &s->vault && !s->ended && !s->drained) lk_epoch_end(s);
}

static void hear_child(struct lk_supervisor *s, struct lk_ward *w)
{
    lk_err err = lk_channel_receive(w->child.channel, &s->message);
    if (err == LK_OK) {
        err = lk_rollout_hear(s, w, &s->message);
        lk_message_close(&s->message);
    }
    if (err == LK_OK) return;
    if (err != LK_ERR_CLOSED)
        lk_log(LK_LOG_ERROR, "child breaks the order", LK_F_STR("child", w->name),
               LK_F_STR("error", lk_err_text(err)));
    lk_child_kill(&w->child); /* closed: it is on its way out anyway */
    if (err == LK_ERR_CLOSED) lose_child(s, w);
}

/* --- heartbeats
 * -------------------------------------------------------------------------------------- */

/* How long this thread has been silent, look_ns after the last look. A beat is any change: what a
 * child writes there is no clock of ours. */
static uint64_t silence(struct lk_pulse *p, uint64_t beat_ns, uint64_t look_ns)
{
    p->silent_ns = beat_ns == p->beat_ns ? p->silent_ns + look_ns : 0;
    p->beat_ns = beat_ns;
    return p->silent_ns;
}

static void check_heartbeats(struct lk_ward *w, uint64_t look_ns)
{
    if (!w->ready || w->child.channel < 0) {
        memset(w->pulse, 0, sizeof w->pulse);
        return;
    }
    for (uint32_t i = 0; i < w->threads; i++) {
        uint64_t beat_ns = atomic_load_explicit(&w->counters->thread[i].heartbeat_ns,
                                                memory_order_relaxed);
        uint64_t silent_ns = silence(&w->pulse[i], beat_ns, look_ns);
        if (silent_ns < HEARTBEAT_NS_MAX) continue;
        lk_log(LK_LOG_ERROR, "no heartbeat: the child is ended", LK_F_STR("child", w->name),
               LK_F_U64("thread", i), LK_F_U64("ms", silent_ns / LK_NS_PER_MS));
        lk_child_kill(&w->child);
        w->ready = false; /* said once */
        return;
    }
}

static void watch(struct lk_supervisor *s, uint64_t now_ns)
{
    uint64_t look_ns = now_ns - s->turn_ns;
    s->turn_ns = now_ns;
    if (look_ns > LOOK_NS_MAX) look_ns = LOOK_NS_MAX;
    check_heartbeats(&s->vault, look_ns);
    check_heartbeats(&s->front, look_ns);
}

/* --- drain and end
 * -------------------------------------------------------------------------------------- */

void lk_supervise_drain(struct lk_supervisor *s)
{
    if (s->draining) return;
    sd_notify(0, "STOPPING=1\nSTATUS=Draining");
    lk_log(LK_LOG_NOTICE, "draining", LK_F_U64("conns", atomic_load(&s->tables.front->conns)));
    const struct lk_conf *c = (s->current != NULL ? s->current : s->next)->conf;
    s->draining = true;
    s->drain_until_ns = lk_clock_now_ns() + c->drain_ms * LK_NS_PER_MS;
    if (!s->front.ready || s->front.child.channel < 0 ||
        lk_channel_tell(s->front.child.channel, LK_M_DRAIN, NULL, 0, -1) != LK_OK)
        s->drained = true; /* nobody to drain */
}

static void check_drain(struct lk_supervisor *s, uint64_t now_ns)
{
    if (!s->draining) return;
    bool over = s->drained || s->front.child.channel < 0;
    if (!over && now_ns >= s->drain_until_ns)
        lk_log(LK_LOG_WARNING, "limits.drain passed with peers left: their connections are cut",
               LK_F_U64("conns", atomic_load(&s->tables.front->conns)));
    if (over || now_ns >= s->drain_until_ns) s->ended = true;
}

static void stop_child(struct lk_ward *w)
{
    if (w->child.channel < 0) return;
    bool told = lk_channel_tell(w->child.channel, LK_M_STOP, NULL, 0, -1) == LK_OK;
    if (!told) lk_child_kill(&w->child);
    uint64_t until_ns = lk_clock_now_ns() + STOP_NS;
    char how[128];
    while (!lk_child_ended(&w->child, how, sizeof how)) {
        struct pollfd p = {.fd = w->child.pidfd,
                           .events = POLLIN}; /* -1: a thread, looked at each time */
        poll(&p, 1, 5);
        if (lk_clock_now_ns() <= until_ns) continue;
        lk_child_kill(&w->child);
        told = false;
    }
    bool by_itself = w->child.threaded || strncmp(how, "exit code ", 10) == 0;
    if (told && !by_itself && strcmp(how, "signal 9 (KILL)") != 0)
        lk_log(LK_LOG_WARNING, "a child that was told to stop did not end well",
               LK_F_STR("child", w->name), LK_F_STR("how", how));
}

static void end(struct lk_supervisor *s)
{
    stop_child(&s->front);
    stop_child(&s->vault);
    lk_journal_close(&s->journal, lk_clock_now_ns());
    lk_control_close(&s->control);
    lk_listeners_close(&s->listeners);
    lk_bundle_free(s->current);
    lk_bundle_free(s->next);
    if (s->serving) lk_log(LK_LOG_NOTICE, "ended", LK_F_U64("records", s->journal.records));
}

/* --- the poll loop
 * ------------------------------------------------------------------------------------ */

static void take_signals(struct lk_supervisor *s)
{
    struct signalfd_siginfo info;
    while (read(s->signal_fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            s->reload_wanted = true;
            lk_journal_reopen(&s->journal);
        }
        if (info.ssi_signo != SIGTERM && info.ssi_signo != SIGINT) continue;
        if (s->draining) s->ended = true; /* asked twice */
        lk_supervise_drain(s);
    }
}

/* What is there to be heard of it; -1: nothing more, and its end is a signal, or seen at a turn. */
static int heard_of(const struct lk_ward *w)
{
    return w->gone ? -1 : w->child.channel;
}

static void wait_for_something(struct lk_supervisor *s, int timeout_ms)
{
    struct pollfd p[5 + LK_CONTROL_CLIENTS_MAX + 1] = {
        {.fd = s->signal_fd, .events = POLLIN},
        {.fd = heard_of(&s->front), .events = POLLIN},
        {.fd = heard_of(&s->vault), .events = POLLIN},
    };
    unsigned n = 3 + lk_control_poll(&s->control, p + 3);
    if (poll(p, n, timeout_ms) <= 0) return;
    if (p[0].revents != 0) take_signals(s);
    if (p[1].revents != 0) hear_child(s, &s->front);
    if (p[2].revents != 0 && s->vault.child.channel >= 0) hear_child(s, &s->vault);
}

static void serve(struct lk_supervisor *s)
{
    int timeout_ms = 0;
    s->turn_ns = lk_clock_now_ns();
    while (!s->ended) {
        wait_for_something(s, timeout_ms);
        uint64_t now_ns = lk_clock_now_ns();
        enum lk_journal_found found = lk_journal_turn(&s->journal, now_ns);
        watch_child(s, &s->vault, now_ns);
        watch_child(s, &s->front, now_ns);
        bool more = lk_rollout_turn(s);
        lk_control_turn(&s->control, now_ns);
        watch(s, lk_clock_now_ns());
        check_drain(s, now_ns);
        timeout_ms = more ? 0 : journal_ms[found];
    }
}

static struct lk_supervisor *new_supervisor(const struct lk_supervise_options *options)
{
    struct lk_supervisor *s = calloc(1, sizeof *s);
    LK_ASSERT(s != NULL);
    s->options = *options;
    s->epoch_fd = -1;
    s->control.fd = s->journal.fd = s->listeners.admin = -1;
    s->front = (struct lk_ward){.name = "front", .child = {.channel = -1, .pidfd = -1}};
    s->vault = (struct lk_ward){.name = "vault", .child = {.channel = -1, .pidfd = -1}};
    s->started_ns = lk_clock_now_ns();
    return s;
}

int lk_supervise(const struct lk_supervise_options *options)
{
    struct lk_supervisor *s = new_supervisor(options);
    raise_files();
    lk_err err = catch_signals(s);
    if (err == LK_OK) err = prepare(s);
    if (err != LK_OK) {
        fprintf(stderr, "lurkd: %s\n", s->error[0] != 0 ? s->error : lk_err_text(err));
        s->failed = true;
    } else {
        serve(s);
    }
    end(s);
    int code = s->failed ? 1 : 0;
    free(s);
    return code;
}
