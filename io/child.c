#include "io/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "io/front.h"
#include "io/vault.h"

#define SEND_TIMEOUT_S 2

static const struct role_row {
    enum lk_role role;
    const char *name, *argv0;
    int (*main)(int channel); /* of a process */
    int (*run)(int channel);  /* of a thread */
} roles[] = {
    {LK_ROLE_FRONT, "front", "lurkd: front", lk_front_main, lk_front_run},
    {LK_ROLE_VAULT, "vault", "lurkd: vault", lk_vault_main, lk_vault_run},
};

static const struct role_row *row_of(enum lk_role role)
{
    return role == LK_ROLE_FRONT ? &roles[0] : &roles[1];
}

/* --- the supervisor's side
 * ------------------------------------------------------------------------- */

static bool find_user(const char *name, struct lk_child_identity *out)
{
    const struct passwd *p = getpwnam(name);
    if (p == NULL) return false;
    *out = (struct lk_child_identity){.drop = true, .uid = p->pw_uid, .gid = p->pw_gid};
    return true;
}

lk_err lk_child_identity_find(const char *user, enum lk_role role, struct lk_child_identity *out,
                              char *error, size_t error_bytes)
{
    *out = (struct lk_child_identity){.drop = false, .uid = geteuid(), .gid = getegid()};
    if (user[0] == 0 || geteuid() != 0) return LK_OK;
    char own[LK_NAME_BYTES_MAX + 8];
    snprintf(own, sizeof own, "%s-vault", user);
    if (role == LK_ROLE_VAULT && find_user(own, out)) return LK_OK;
    if (find_user(user, out)) return LK_OK;
    snprintf(error, error_bytes, "server.user: there is no user \"%s\" on this machine", user);
    return LK_ERR_UNKNOWN;
}

static lk_err open_channel(int end[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, end) != 0) return -errno;
    const struct timeval limit = {.tv_sec = SEND_TIMEOUT_S};
    setsockopt(end[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return LK_OK;
}

/* Locked memory is counted for who has no CAP_IPC_LOCK; raised as far as we may. */
static void raise_memlock(void)
{
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    if (setrlimit(RLIMIT_MEMLOCK, &limit) == 0 || getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_MEMLOCK, &limit);
}

static bool change_user(const struct lk_child_identity *who)
{
    if (!who->drop) return true;
    (void)prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0); /* until drop_capabilities has chosen */
    return setgroups(0, NULL) == 0 && setresgid(who->gid, who->gid, who->gid) == 0 &&
           setresuid(who->uid, who->uid, who->uid) == 0;
}

/* Needs root's own capabilities, so it comes before the change of user. */
static void bound_capabilities(void)
{
    for (int cap = 0; cap < 64; cap++)
        if (cap != CAP_IPC_LOCK) (void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

/* Of root nothing stays but locking memory; the number does where there is no user to become.
 * Another user has it through exec as an ambient one. What the bounding set may not lose (no
 * CAP_SETPCAP), no_new_privs keeps from coming back at exec. */
static bool drop_capabilities(const struct lk_child_identity *who)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &head, data) != 0) return false;
    const uint32_t lock = data[0].permitted & UINT32_C(1) << CAP_IPC_LOCK;
    data[0] = (struct __user_cap_data_struct){
        .effective = lock, .permitted = lock, .inheritable = who->drop ? lock : 0};
    data[1] = (struct __user_cap_data_struct){0};
    if (syscall(SYS_capset, &head, data) != 0) return false;
    if (who->drop && lock != 0)
        (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_IPC_LOCK, 0, 0);
    return true;
}

/* What an operator sets for the processor or a sanitizer concerns the children too. */
static const char *const kept[] = {"LURK_CPU=",      "OPENSSL_ia32cap=", "ASAN_OPTIONS=",
                                   "UBSAN_OPTIONS=", "TSAN_OPTIONS=",    "JOURNAL_STREAM="};

static void keep_environment(char **to)
{
    for (char **e = environ; *e != NULL; e++)
        for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
            if (strncmp(*e, kept[i], strlen(kept[i])) == 0) *to++ = *e;
    *to = NULL;
}

/* In the forked child: nothing here allocates or logs, and it ends by exec or _exit. */
__attribute__((noreturn)) static void become(const struct role_row *row, int channel,
                                             const struct lk_child_identity *who)
{
    char *const argv[] = {(char *)(uintptr_t)row->argv0, NULL};
    char *environment[sizeof kept / sizeof kept[0] + 2] = {(char *)(uintptr_t) "LC_ALL=C"};
    keep_environment(environment + 1);
    int null = open("/dev/null", O_RDWR);
    raise_memlock();
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0) _exit(126);
    if (channel == LK_CHILD_CHANNEL ? fcntl(channel, F_SETFD, 0) < 0
                                    : dup2(channel, LK_CHILD_CHANNEL) < 0)
        _exit(126);
    if (syscall(SYS_close_range, LK_CHILD_CHANNEL + 1, ~0u, 0) != 0) _exit(126);
    (void)setsid(); /* without a terminal nobody types into it */
    bound_capabilities();
    if (!change_user(who) || !drop_capabilities(who) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        _exit(126);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve("/proc/self/exe", argv, environment);
    _exit(127);
}

lk_err lk_child_start(struct lk_child *child, enum lk_role role,
                      const struct lk_child_identity *identity)
{
    int end[2];
    LK_TRY(open_channel(end));
    pid_t pid = fork();
    if (pid == 0) become(row_of(role), end[1], identity);
    lk_err err = pid < 0 ? -errno : LK_OK;
    close(end[1]);
    int pidfd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
    if (pid > 0 && pidfd < 0) {
        err = -errno;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    if (err != LK_OK) {
        close(end[0]);
        return err;
    }
    if (pidfd >= 0) fcntl(pidfd, F_SETFD, FD_CLOEXEC);
    *child = (struct lk_child){
        .role = role, .channel = end[0], .pid = pid, .pidfd = pidfd, .uid = identity->uid};
    return LK_OK;
}

/* What a thread needs to know; freed by it. */
struct thread_start {
    const struct role_row *row;
    struct lk_child *child;
    int channel;
};

static void *thread_main(void *arg)
{
    struct thread_start start = *(struct thread_start *)arg;
    free(arg);
    pthread_setname_np(pthread_self(), start.row->name);
    start.row->run(start.channel);
    atomic_store(&start.child->thread_ended, true);
    return NULL;
}

lk_err lk_child_start_thread(struct lk_child *child, enum lk_role role)
{
    int end[2];
    struct thread_start *start = malloc(sizeof *start);
    LK_REQUIRE(start != NULL, LK_ERR_MEMORY);
    lk_err err = open_channel(end);
    if (err != LK_OK) {
        free(start);
        return err;
    }
    raise_memlock();
    *child = (struct lk_child){.role = role, .channel = end[0], .threaded = true, .pidfd = -1};
    *start = (struct thread_start){.row = row_of(role), .child = child, .channel = end[1]};
    int failed = pthread_create(&child->thread, NULL, thread_main, start);
    if (failed == 0) return LK_OK;
    free(start);
    close(end[0]);
    close(end[1]);
    child->channel = -1;
    return -failed;
}

void lk_child_kill(struct lk_child *child)
{
    if (child->channel < 0) return;
    if (child->threaded)
        shutdown(child->channel, SHUT_RDWR);
    else
        kill(child->pid, SIGKILL); /* not reaped yet, so the number is still its own */
}

static bool process_ended(struct lk_child *child, char *how, size_t how_bytes)
{
    int status;
    if (waitpid(child->pid, &status, WNOHANG) != child->pid) return false;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        snprintf(how, how_bytes, "its sandbox refused a system call");
    else if (WIFSIGNALED(status))
        snprintf(how, how_bytes, "signal %d (%s)", WTERMSIG(status),
                 sigabbrev_np(WTERMSIG(status)));
    else
        snprintf(how, how_bytes, "exit code %d", WEXITSTATUS(status));
    close(child->pidfd);
    return true;
}

bool lk_child_ended(struct lk_child *child, char *how, size_t how_bytes)
{
    if (child->channel < 0) return false;
    if (child->threaded) {
        if (!atomic_load(&child->thread_ended)) return false;
        pthread_join(child->thread, NULL);
        snprintf(how, how_bytes, "its thread ended");
    } else if (!process_ended(child, how, how_bytes)) {
        return false;
    }
    close(child->channel);
    child->channel = -1;
    child->pidfd = -1;
    child->pid = 0;
    return true;
}

/* --- the child's side
 * -------------------------------------------------------------------------------- */

int lk_child_role(const char *argv0)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (strcmp(argv0, roles[i].argv0) == 0) return (int)roles[i].role;
    return 0;
}

/* The supervisor decides when a child ends; a terminal or a service manager signals the whole
 * group. */
static void ignore_signals(void)
{
    static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGQUIT, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        signal(ignored[i], SIG_IGN);
}

/* The same file by a number above all others. What a process had open when it was killed the kernel
 * gives back beginning with what it closed last: so the supervisor reads the end of the channel
 * before the pages of secret memory are given back one by one, not a tenth of a second later. */
static int behind_all(int channel)
{
    int high = fcntl(channel, F_DUPFD_CLOEXEC, LK_CHILD_DESCRIPTORS);
    if (high < 0) { /* few descriptors are allowed: as it is */
        fcntl(channel, F_SETFD, FD_CLOEXEC);
        return channel;
    }
    close(channel);
    return high;
}

int lk_child_main(enum lk_role role)
{
    const struct role_row *row = row_of(role);
    char name[16];
    snprintf(name, sizeof name, "lurkd-%s", row->name);
    prctl(PR_SET_NAME, name, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    /* Somebody who types the name by hand has no channel there. */
    struct pollfd p = {.fd = LK_CHILD_CHANNEL};
    if (fcntl(LK_CHILD_CHANNEL, F_GETFD) < 0 || poll(&p, 1, 0) < 0 || (p.revents & POLLHUP) != 0)
        return 2;
    ignore_signals();
    lk_log_setup("lurkd", row->name, LK_LOG_NOTICE, 1);
    return row->main(behind_all(LK_CHILD_CHANNEL));
}

lk_err lk_child_refuse(int channel, uint64_t generation, const char *text)
{
    char body[2048];
    size_t len = strlen(text);
    if (len > sizeof body - sizeof generation) len = sizeof body - sizeof generation;
    memcpy(body, &generation, sizeof generation);
    memcpy(body + sizeof generation, text, len);
    return lk_channel_tell(channel, LK_M_REFUSED, body, sizeof generation + len, -1);
}

void lk_child_refuse_start(int channel, const char *what, lk_err err)
{
    char text[256];
    snprintf(text, sizeof text, "%s: %s", what, lk_err_text(err));
    if (lk_child_refuse(channel, 0, text) != LK_OK)
        lk_log(LK_LOG_ERROR, "cannot start", LK_F_STR("what", text));
}

void lk_child_log_setup(const char *who, const struct lk_conf *conf, const char *memory)
{
    lk_log_setup("lurkd", who, LK_LOG_INFO, conf->log_target);
    lk_log(LK_LOG_INFO, "child starts", LK_F_STR("memory", memory), LK_F_U64("uid", geteuid()));
    lk_log_level((enum lk_log_level)conf->log_level);
}

bool lk_child_may_lock(size_t bytes)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur >= bytes) return true;
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    return syscall(SYS_capget, &head, data) == 0 && (data[0].effective >> CAP_IPC_LOCK & 1) != 0;
}

uint64_t lk_child_cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * LK_NS_PER_S + (uint64_t)t.tv_nsec;
}
