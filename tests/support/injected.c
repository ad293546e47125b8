/* injected: what code of an attacker would try inside a child that serves; in the programs of
 * In the test build only. One attempt a trigger; its outcome goes to the log, by a bare write:
 *
 *   injected NAME ROLE: ERRNO      0: the kernel let it happen
 *
 * Front   plain bytes of a stream that begin with the magic words, then struct injected_order.
 * Vault   a request whose S has the magic words behind its time, then the attempt's number (one byte)
 *         and the victim's (four).
 * Never to be run beside anything of value. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <liburing.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/policy/freshness.h"
#include "io/intake.h"
#include "io/uring.h"

#define MAGIC "lurk-injected-at"
#define MAGIC_BYTES 16

struct injected_order {
    uint8_t magic[MAGIC_BYTES];
    uint32_t attempt;
    int32_t victim;
    char path[104];
};

void __real_lk_intake_stream(struct lk_conn *conn, struct lk_bytes plain);
void __wrap_lk_intake_stream(struct lk_conn *conn, struct lk_bytes plain);
lk_err __real_lk_uring_seal(struct io_uring *uring);
lk_err __wrap_lk_uring_seal(struct io_uring *uring);
void lk_injected_look(const uint8_t s[LK_RANDOM_BYTES]);

static _Thread_local struct io_uring *own_ring;

/* --- attempts: -1 and errno, or what is not negative ------------------------------------------ */

static long open_path(const struct injected_order *o)
{
    return open(o->path, O_RDONLY);
}

static long open_path_2(const struct injected_order *o)
{
    const struct open_how how = {.flags = O_RDONLY};
    return syscall(SYS_openat2, AT_FDCWD, o->path, &how, sizeof how);
}

static long open_own_memory(const struct injected_order *o)
{
    (void)o;
    return open("/proc/self/mem", O_RDWR);
}

static long open_victims_memory(const struct injected_order *o)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", o->victim);
    return open(path, O_RDONLY);
}

static long trace(const struct injected_order *o)
{
    return ptrace(PTRACE_SEIZE, o->victim, NULL, NULL);
}

static long read_memory(const struct injected_order *o)
{
    char copy[8];
    const struct iovec to = {copy, 0}, from = {copy, 0}; /* of no bytes: the right to it is judged first */
    return process_vm_readv(o->victim, &to, 1, &from, 1, 0);
}

static long write_memory(const struct injected_order *o)
{
    char copy[8];
    const struct iovec to = {copy, 0}, from = {copy, 0};
    return process_vm_writev(o->victim, &from, 1, &to, 1, 0);
}

static long send_signal(const struct injected_order *o)
{
    return kill(o->victim, 0);
}

static long send_signal_to_thread(const struct injected_order *o)
{
    return syscall(SYS_tgkill, o->victim, o->victim, 0);
}

static long queue_signal(const struct injected_order *o)
{
    return sigqueue(o->victim, 0, (union sigval){0});
}

static long get_pidfd(const struct injected_order *o)
{
    return syscall(SYS_pidfd_open, o->victim, 0);
}

/* The kernel would send the signal for us when the pipe has something. */
static long borrow_signal(const struct injected_order *o)
{
    int ends[2];
    if (pipe(ends) != 0) return -1;
    return fcntl(ends[0], F_SETOWN, o->victim);
}

static long set_victims_limit(const struct injected_order *o)
{
    struct rlimit now;
    return prlimit(o->victim, RLIMIT_CPU, NULL, &now);
}

static long connect_control(const struct injected_order *o)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    memcpy(a.sun_path, o->path, sizeof o->path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return fd < 0 ? -1 : connect(fd, (const struct sockaddr *)&a, sizeof a);
}

static long socket_netlink(const struct injected_order *o)
{
    (void)o;
    return socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}

static long socket_raw(const struct injected_order *o)
{
    (void)o;
    return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static long socket_inet(const struct injected_order *o)
{
    (void)o;
    return socket(AF_INET, SOCK_STREAM, 0);
}

/* Of a program that is not there: ENOENT tells that it would have run. */
static long run_program(const struct injected_order *o)
{
    char *none[] = {NULL};
    (void)o;
    return execve("/nonexistent/program", none, none) == -1 && errno == ENOENT ? 0 : -1;
}

static long make_process(const struct injected_order *o)
{
    (void)o;
    long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0) _exit(0);
    return pid;
}

static long make_ring(const struct injected_order *o)
{
    struct io_uring_params params = {0};
    (void)o;
    return syscall(SYS_io_uring_setup, 8, &params);
}

static long map_code(const struct injected_order *o)
{
    (void)o;
    void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? -1 : 0;
}

static void *page(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static long turn_to_code(const struct injected_order *o)
{
    (void)o;
    return mprotect(page(), 4096, PROT_READ | PROT_EXEC);
}

static long turn_to_code_by_key(const struct injected_order *o)
{
    (void)o;
    return syscall(SYS_pkey_mprotect, page(), 4096, PROT_READ | PROT_EXEC, -1);
}

/* With it every readable page is executable, whatever was asked for. */
static long read_is_execute(const struct injected_order *o)
{
    (void)o;
    int before = personality(0xffffffff);
    return personality((unsigned long)before | READ_IMPLIES_EXEC);
}

static long attach_code(const struct injected_order *o)
{
    (void)o;
    int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    if (id < 0) return -1;
    void *at = shmat(id, NULL, SHM_RDONLY | SHM_EXEC);
    int why = errno;
    shmctl(id, IPC_RMID, NULL);
    errno = why;
    return (intptr_t)at == -1 ? -1 : 0;
}

static long be_root(const struct injected_order *o)
{
    (void)o;
    return setresuid(0, 0, 0);
}

static long be_root_by_halves(const struct injected_order *o)
{
    (void)o;
    return syscall(SYS_setreuid, 0, 0);
}

/* What it has, asked for again. */
static long set_capabilities(const struct injected_order *o)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    (void)o;
    if (syscall(SYS_capget, &head, data) != 0) return -1;
    return syscall(SYS_capset, &head, data);
}

static long new_user_namespace(const struct injected_order *o)
{
    (void)o;
    return unshare(CLONE_FS);
}

static long watch_path(const struct injected_order *o)
{
    int fd = (int)syscall(SYS_inotify_init1, 0);
    return fd < 0 ? -1 : syscall(SYS_inotify_add_watch, fd, o->path, 0x100 /* IN_CREATE */ | 2);
}

/* The outcome of an operation on the loop's own ring, found among the completions that wait there. */
static long on_own_ring(uint8_t operation)
{
    struct io_uring_sqe *sqe = own_ring != NULL ? io_uring_get_sqe(own_ring) : NULL;
    if (sqe == NULL) {
        errno = ENOSYS;
        return -1;
    }
    static const char nowhere[] = "/dev/null";
    *sqe = (struct io_uring_sqe){.opcode = operation, .fd = AT_FDCWD, .addr = (uintptr_t)nowhere,
                                 .user_data = UINT64_MAX - 1};
    io_uring_submit_and_get_events(own_ring);
    unsigned head;
    struct io_uring_cqe *cqe;
    io_uring_for_each_cqe(own_ring, head, cqe) {
        if (cqe->user_data != UINT64_MAX - 1) continue;
        errno = cqe->res < 0 ? -cqe->res : 0;
        return cqe->res < 0 ? -1 : cqe->res;
    }
    errno = EINPROGRESS;
    return -1;
}

static long ring_open(const struct injected_order *o)
{
    (void)o;
    return on_own_ring(IORING_OP_OPENAT);
}

static long ring_connect(const struct injected_order *o)
{
    (void)o;
    return on_own_ring(IORING_OP_CONNECT);
}

static long ring_socket(const struct injected_order *o)
{
    (void)o;
    return on_own_ring(IORING_OP_SOCKET);
}

static const struct {
    const char *name;
    long (*try)(const struct injected_order *o);
} attempts[] = {
    {"open_path", open_path},
    {"open_path_2", open_path_2},
    {"open_own_memory", open_own_memory},
    {"open_victims_memory", open_victims_memory},
    {"trace", trace},
    {"read_memory", read_memory},
    {"write_memory", write_memory},
    {"send_signal", send_signal},
    {"send_signal_to_thread", send_signal_to_thread},
    {"queue_signal", queue_signal},
    {"get_pidfd", get_pidfd},
    {"borrow_signal", borrow_signal},
    {"set_victims_limit", set_victims_limit},
    {"connect_control", connect_control},
    {"socket_netlink", socket_netlink},
    {"socket_raw", socket_raw},
    {"socket_inet", socket_inet},
    {"run_program", run_program},
    {"make_process", make_process},
    {"make_ring", make_ring},
    {"map_code", map_code},
    {"turn_to_code", turn_to_code},
    {"turn_to_code_by_key", turn_to_code_by_key},
    {"read_is_execute", read_is_execute},
    {"attach_code", attach_code},
    {"be_root", be_root},
    {"be_root_by_halves", be_root_by_halves},
    {"set_capabilities", set_capabilities},
    {"new_user_namespace", new_user_namespace},
    {"watch_path", watch_path},
    {"ring_open", ring_open},
    {"ring_connect", ring_connect},
    {"ring_socket", ring_socket},
};

static void attempt(const struct injected_order *o, const char *role)
{
    char line[160];
    if (o->attempt >= sizeof attempts / sizeof attempts[0]) return;
    errno = 0;
    int why = attempts[o->attempt].try(o) < 0 ? errno : 0;
    int len = snprintf(line, sizeof line, "injected %s %s: %d\n", attempts[o->attempt].name, role, why);
    (void)!write(2, line, (size_t)len);
}

/* --- triggers --------------------------------------------------------------------------------- */

lk_err __wrap_lk_uring_seal(struct io_uring *uring)
{
    own_ring = uring;
    return __real_lk_uring_seal(uring);
}

void __wrap_lk_intake_stream(struct lk_conn *conn, struct lk_bytes plain)
{
    struct injected_order order;
    if (plain.len == sizeof order && memcmp(plain.data, MAGIC, MAGIC_BYTES) == 0) {
        memcpy(&order, plain.data, sizeof order);
        attempt(&order, "front");
        return;
    }
    __real_lk_intake_stream(conn, plain);
}

void lk_injected_look(const uint8_t s[LK_RANDOM_BYTES])
{
    if (memcmp(s + 4, MAGIC, MAGIC_BYTES) != 0) return;
    struct injected_order order = {.attempt = s[4 + MAGIC_BYTES], .path = "/etc/hostname"};
    memcpy(&order.victim, s + 5 + MAGIC_BYTES, sizeof order.victim);
    attempt(&order, "vault");
}
