#include "tools/lurk-agent/agent.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "io/sandbox.h"
#include "tools/lurk-agent/heap.h"
#include "tools/lurk-agent/account.h"

#define READY_WAIT_NS (2 * LK_NS_PER_S) /* then it serves without a key server, and refuses */
#define REPORT_NS (100 * LK_NS_PER_MS)
#define OTHER_DESCRIPTORS 256 /* beside clients and lines */
#define ERROR_BYTES 8192

/* --- the end -------------------------------------------------------------------------------- */

/* No new clients, no new requests; what is under way has limits.drain. */
static void leave(struct lk_agent *a, bool handed_over, uint64_t now_ns)
{
    a->leaves = true;
    a->handed_over = handed_over;
    a->leave_by_ns = now_ns + a->conf->drain_ms * LK_NS_PER_MS;
    lk_log(LK_LOG_NOTICE, handed_over ? "a successor serves, this agent ends" : "draining",
           LK_F_U64("in_flight", a->broker.in_flight), LK_F_U64("clients", a->desk.open));
    if (!handed_over) (void)sd_notify(0, "STOPPING=1");
    lk_agent_set(a->metrics, LK_A_DRAINING, 1);
    lk_clients_shut(&a->clients);
    lk_door_close(&a->door, !handed_over);
    lk_succession_close(&a->succession);
    if (!handed_over) unlink(a->conf->control_socket);
    lk_admin_stop(handed_over ? a->admin : NULL);
    if (handed_over) a->admin = NULL;
    lk_desk_leave(&a->desk);
    lk_clients_read_all(&a->clients, now_ns);
}

static void on_go(void *owner, uint64_t now_ns)
{
    struct lk_agent *a = owner;
    if (!a->leaves) leave(a, true, now_ns);
}

static void on_signal(void *owner, uint32_t index, uint32_t events, uint64_t now_ns)
{
    struct lk_agent *a = owner;
    struct signalfd_siginfo info;
    (void)index, (void)events;
    while (read(a->signal_fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGHUP && !a->leaves)
            lk_agent_reload(a, now_ns);
        else if (info.ssi_signo != SIGHUP && !a->leaves)
            leave(a, false, now_ns);
        else if (info.ssi_signo != SIGHUP)
            a->ends = true;
    }
}

/* --- the admin page ------------------------------------------------------------------------- */

static const char *fault_of(const void *owner)
{
    const struct lk_agent_metrics *m = owner;
    if (lk_agent_get(m, LK_A_DRAINING) != 0) return "draining";
    uint64_t up = lk_agent_get(m, LK_A_HEALTHY) + lk_agent_get(m, LK_A_RETIRING);
    return up > 0 ? NULL : "no key server is healthy";
}

static void metrics_of(const void *owner, FILE *to)
{
    lk_agent_metrics_write((struct lk_agent_metrics *)(uintptr_t)owner, to); /* for its lock */
}

static const struct lk_admin_pages pages = {fault_of, metrics_of};

static lk_err listen_admin(const struct lk_agent_conf *conf, int *fd, char *error,
                           size_t error_bytes)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(conf->admin_port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(conf->admin_port)};
    bool is_v4 = inet_pton(AF_INET, conf->admin_address, &v4.sin_addr) == 1;
    if (!is_v4) (void)inet_pton(AF_INET6, conf->admin_address, &v6.sin6_addr);
    const struct sockaddr *at = is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    int one = 1;
    *fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd >= 0) setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (*fd >= 0 && bind(*fd, at, is_v4 ? sizeof v4 : sizeof v6) == 0 && listen(*fd, 64) == 0)
        return LK_OK;
    snprintf(error, error_bytes, "agent.admin_port: %s port %u: %s", conf->admin_address,
             conf->admin_port, strerror(errno));
    return -errno;
}

/* Our own descriptor stays for a successor; the page gets another one. */
static lk_err start_admin(struct lk_agent *a)
{
    if (a->admin_fd < 0) return LK_OK;
    struct lk_admin_conf conf = {
        .listen_fd = fcntl(a->admin_fd, F_DUPFD_CLOEXEC, 0), .pages = &pages, .owner = a->metrics};
    return conf.listen_fd >= 0 ? lk_admin_start(&conf, &a->admin) : -errno;
}

/* --- the start ------------------------------------------------------------------------------ */

/* Its owner is who the agent becomes: a successor may be started by that user. */
static lk_err listen_control(const struct lk_agent_conf *conf, int *fd, char *error,
                             size_t error_bytes)
{
    uid_t uid;
    gid_t gid;
    LK_TRY(lk_door_listen(conf->control_socket, 0600, fd, error, error_bytes));
    if (conf->user[0] == '\0' || geteuid() != 0 || !lk_account_user(conf->user, &uid, &gid))
        return LK_OK;
    return chown(conf->control_socket, uid, gid) == 0 ? LK_OK : -errno;
}

static lk_err open_sockets(struct lk_agent *a, bool take_over, char *error, size_t error_bytes)
{
    struct lk_adopted adopted = {.count = 0};
    lk_adopted_from_systemd(&adopted);
    if (take_over)
        LK_TRY(lk_succession_take(a->conf->control_socket, &adopted, &a->before_fd, error,
                                  error_bytes));
    lk_err err = lk_door_open(&a->door, a->conf, &adopted, error, error_bytes);
    a->control_fd = lk_adopted_take(&adopted, LK_SUCCESSION_CONTROL);
    if (err == LK_OK && a->control_fd < 0)
        err = listen_control(a->conf, &a->control_fd, error, error_bytes);
    a->admin_fd = a->conf->admin_port != 0 ? lk_adopted_take(&adopted, LK_SUCCESSION_ADMIN) : -1;
    if (err == LK_OK && a->conf->admin_port != 0 && a->admin_fd < 0)
        err = listen_admin(a->conf, &a->admin_fd, error, error_bytes);
    lk_adopted_close(&adopted);
    return err;
}

/* Descriptors for as many clients as may come. */
static void raise_descriptors(const struct lk_agent_conf *conf)
{
    struct rlimit limit;
    rlim_t wanted = conf->clients + LK_AGENT_LINES_MAX + OTHER_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < wanted)
        lk_log(LK_LOG_WARNING, "fewer descriptors than limits.clients asks for",
               LK_F_U64("wanted", wanted), LK_F_U64("allowed", limit.rlim_max));
}

static lk_err make_parts(struct lk_agent *a)
{
    const struct lk_agent_conf *conf = a->conf;
    const struct lk_broker_conf broker = lk_agent_broker_conf(conf);
    const struct lk_desk_conf desk = lk_agent_desk_conf(conf);
    const struct lk_fleet_conf fleet = lk_agent_fleet_conf(conf);
    struct lk_rng rng;
    uint64_t seed[2];
    lk_rng_init(&rng);
    LK_REQUIRE(lk_rng_bytes(&rng, seed, sizeof seed), LK_ERR_CRYPTO);
    a->metrics = calloc(1, sizeof *a->metrics);
    LK_REQUIRE(a->metrics != NULL && pthread_mutex_init(&a->metrics->names, NULL) == 0,
               LK_ERR_MEMORY);
    LK_TRY(lk_watches_open(&a->watches, conf->clients + LK_AGENT_LINES_MAX + OTHER_DESCRIPTORS));
    LK_REQUIRE(lk_broker_init(&a->broker, &broker, conf->in_flight, seed[0], a->metrics),
               LK_ERR_MEMORY);
    LK_TRY(lk_desk_init(&a->desk, &desk, &a->broker, a->metrics, &lk_clients_io, &a->clients));
    LK_TRY(lk_clients_init(&a->clients, conf->clients, &a->desk, &a->door, &a->watches));
    lk_fleet_init(&a->fleet, &fleet, &a->broker, &a->desk, a->metrics, &a->watches, seed[1]);
    return lk_directory_init(&a->directory, &a->fleet, a->metrics, &a->watches);
}

static lk_err watch_signals(struct lk_agent *a)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    a->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    LK_REQUIRE(a->signal_fd >= 0, -errno);
    uint32_t watch = lk_watch_add(&a->watches, a->signal_fd, EPOLLIN, on_signal, a, 0);
    return watch != LK_WATCH_NONE ? LK_OK : LK_ERR_FULL;
}

static lk_err start(struct lk_agent *a, bool take_over, char *error, size_t error_bytes)
{
    LK_TRY(lk_agent_conf_read(a->conf_path, &a->conf, error, error_bytes));
    lk_log_setup("lurk-agent", "lurk-agent", a->conf->log_level, a->conf->log_target);
    raise_descriptors(a->conf);
    LK_TRY(open_sockets(a, take_over, error, error_bytes));
    LK_TRY(make_parts(a)); /* before the change of user, who may not lock as much memory */
    a->opened = true;
    LK_TRY(lk_account_become(a->conf->user, error, error_bytes));
    lk_sandbox_dumps_off(); /* again: a change of user may have undone it */
    LK_TRY(lk_agent_identity(a->conf, &a->identity, error, error_bytes));
    LK_TRY(watch_signals(a));
    LK_TRY(lk_succession_open(&a->succession, a->control_fd, &a->door, a->admin_fd, &a->watches,
                              on_go, a));
    LK_TRY(start_admin(a));
    uint64_t now_ns = lk_clock_now_ns();
    lk_fleet_identity(&a->fleet, a->identity);
    LK_TRY(lk_directory_set(&a->directory, a->conf, now_ns));
    a->ready_by_ns = now_ns + READY_WAIT_NS;
    lk_agent_set(a->metrics, LK_A_GENERATION, ++a->generation);
    lk_agent_ends_show(a->metrics, a->conf);
    lk_log(LK_LOG_NOTICE, "starts", LK_F_STR("file", a->conf_path), LK_F_U64("uid", geteuid()),
           LK_F_STR("memory", a->desk.parcels.locked ? "locked" : "not locked"));
    return LK_OK;
}

/* --- turns ---------------------------------------------------------------------------------- */

/* Once there is a key server, or there was time for one: from now on clients are let in, and the
 * agent before us goes. */
static void serve(struct lk_agent *a, uint64_t now_ns)
{
    if (a->serves || a->leaves) return;
    uint32_t healthy = lk_broker_healthy(&a->broker);
    if (healthy == 0 && now_ns < a->ready_by_ns) return;
    a->serves = true;
    if (lk_clients_let_in(&a->clients) != LK_OK) a->ends = true;
    if (a->before_fd >= 0) lk_succession_go(a->before_fd);
    a->before_fd = -1;
    (void)sd_notifyf(0, "READY=1\nMAINPID=%d", (int)getpid());
    lk_log(healthy > 0 ? LK_LOG_NOTICE : LK_LOG_WARNING,
           healthy > 0 ? "serves" : "serves without a key server: requests are refused",
           LK_F_U64("healthy", healthy));
}

/* What was decided goes out; sending may bring answers and losses, and with them decisions. */
static void carry_out(struct lk_agent *a, uint64_t now_ns)
{
    struct lk_decision d;
    lk_broker_turn(&a->broker, now_ns);
    do {
        while (lk_broker_next(&a->broker, now_ns, &d)) {
            if (d.kind == LK_DECISION_SEND)
                lk_fleet_send(&a->fleet, d.line, d.errand, now_ns);
            else
                lk_desk_fail(&a->desk, d.errand, d.outcome, now_ns);
        }
        lk_fleet_flush(&a->fleet, now_ns);
        lk_broker_turn(&a->broker, now_ns);
    } while (a->broker.decided.count > 0);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t due_ns(const struct lk_agent *a, uint64_t now_ns)
{
    uint64_t due = least(lk_broker_due_ns(&a->broker, now_ns), lk_desk_due_ns(&a->desk));
    due = least(due, lk_fleet_due_ns(&a->fleet));
    due = least(due, lk_directory_due_ns(&a->directory, now_ns));
    if (!a->serves) due = least(due, a->ready_by_ns);
    if (a->leaves) due = least(due, a->leave_by_ns);
    return least(due, a->report_at_ns);
}

static void turn(struct lk_agent *a, uint64_t now_ns)
{
    lk_directory_turn(&a->directory, now_ns);
    lk_fleet_turn(&a->fleet, now_ns);
    lk_desk_turn(&a->desk, now_ns);
    carry_out(a, now_ns);
    serve(a, now_ns);
    if (a->report_at_ns <= now_ns) {
        lk_fleet_report(&a->fleet, now_ns);
        a->report_at_ns = now_ns + REPORT_NS;
    }
    if (!a->leaves) return;
    lk_desk_close_idle(&a->desk);
    if (a->desk.open == 0 || a->leave_by_ns <= now_ns) a->ends = true;
}

static void stop(struct lk_agent *a)
{
    if (a->before_fd >= 0) close(a->before_fd); /* it goes on */
    lk_admin_stop(a->admin);
    if (a->opened) {
        lk_clients_fini(&a->clients);
        lk_directory_fini(&a->directory);
        lk_fleet_fini(&a->fleet);
        lk_desk_fini(&a->desk);
        lk_broker_fini(&a->broker);
        lk_watches_close(&a->watches);
    }
    lk_door_close(&a->door, !a->handed_over && a->before_fd < 0);
    if (a->admin_fd >= 0) close(a->admin_fd);
    if (a->signal_fd >= 0) close(a->signal_fd);
    lurk_identity_free(a->identity);
    lk_agent_conf_free(a->conf);
    free(a->metrics);
}

int lk_agent_main(const char *conf_path, bool take_over)
{
    static struct lk_agent a; /* large, and one a process */
    static char error[ERROR_BYTES];
    a = (struct lk_agent){.conf_path = conf_path,
                          .admin_fd = -1,
                          .control_fd = -1,
                          .before_fd = -1,
                          .signal_fd = -1,
                          .succession = {.listen_fd = -1, .heir_fd = -1}};
    lk_sandbox_dumps_off();
    LK_ASSERT(lk_heap_wipes());
    lk_err err = start(&a, take_over, error, sizeof error);
    if (err != LK_OK) {
        fprintf(stderr, "lurk-agent: %s\n", error[0] != '\0' ? error : lk_err_text(err));
        stop(&a);
        return 1;
    }
    uint64_t now_ns = lk_clock_now_ns();
    while (!a.ends) {
        turn(&a, now_ns);
        if (!a.ends) now_ns = lk_watches_turn(&a.watches, due_ns(&a, now_ns));
    }
    lk_log(LK_LOG_NOTICE, "ended", LK_F_U64("clients_left", a.desk.open));
    stop(&a);
    return 0;
}
