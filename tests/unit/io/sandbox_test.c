/* What a confined child may still do, tried in a child of the test. */
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/sandbox.h"

static int parent_memory = 42;

/* Each returns true when the kernel let it happen. */
static bool opens_a_file(void)
{
    return open("/etc/hostname", O_RDONLY) >= 0 || open("/dev/null", O_RDONLY) >= 0;
}

static bool runs_a_program(void)
{
    execl("/bin/true", "true", (char *)NULL);
    return false; /* execl came back */
}

static bool makes_a_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 || socket(AF_UNIX, SOCK_DGRAM, 0) >= 0;
}

static bool traces_its_parent(void)
{
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0;
}

static bool reads_its_parent(void)
{
    int copy;
    struct iovec to = {&copy, sizeof copy}, from = {&parent_memory, sizeof parent_memory};
    return process_vm_readv(getppid(), &to, 1, &from, 1, 0) > 0;
}

static bool signals_its_parent(void)
{
    return kill(getppid(), 0) == 0 || syscall(SYS_tgkill, getppid(), getppid(), 0) == 0;
}

static bool makes_a_process(void)
{
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    return pid > 0;
}

static bool maps_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool makes_code_by_key(void)
{
    void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return syscall(SYS_pkey_mprotect, p, 4096, PROT_READ | PROT_EXEC, -1) == 0;
}

static bool makes_all_memory_code(void)
{
    return personality(READ_IMPLIES_EXEC) >= 0;
}

static bool attaches_code(void)
{
    int id = shmget(IPC_PRIVATE, 4096, 0700);
    void *p = id >= 0 ? shmat(id, NULL, SHM_EXEC) : (void *)-1;
    if (id >= 0) shmctl(id, IPC_RMID, NULL);
    return p != (void *)-1;
}

static bool limits_its_parent(void)
{
    struct rlimit limit;
    return prlimit(getppid(), RLIMIT_CORE, NULL, &limit) == 0;
}

static bool makes_a_ring(void)
{
    char room[256] = {0};
    return syscall(SYS_io_uring_setup, 8, room) >= 0;
}

/* The kernel would signal the owner of a descriptor for us. */
static bool borrows_a_signal(void)
{
    return fcntl(0, F_SETOWN, getppid()) == 0 || fcntl(0, F_SETSIG, SIGKILL) == 0;
}

static bool sets_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    return syscall(SYS_capset, &head, data) == 0;
}

static bool watches_a_path(void)
{
    int fd = inotify_init();
    return inotify_add_watch(fd, "/etc", IN_OPEN) >= 0;
}

static bool (*const forbidden[])(void) = {
    opens_a_file,     runs_a_program,     makes_a_socket,  traces_its_parent,
    reads_its_parent, signals_its_parent, makes_a_process, maps_code,
    makes_code_by_key, makes_all_memory_code, attaches_code, limits_its_parent,
    borrows_a_signal, sets_capabilities, watches_a_path,
};

static void *do_nothing(void *arg)
{
    return arg;
}

/* What a front needs: threads, memory, reading and writing what it has. */
static bool can_work(void)
{
    pthread_t thread;
    int pair[2];
    return pthread_create(&thread, NULL, do_nothing, NULL) == 0 && pthread_join(thread, NULL) == 0 &&
           malloc(1 << 22) != NULL && pipe(pair) == 0 && write(pair[1], "x", 1) == 1;
}

/* Runs in a child: its exit code, or 128 + its signal. */
static int in_child(int (*run)(size_t arg), size_t arg)
{
    pid_t pid = fork();
    if (pid == 0) _exit(run(arg));
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

#define CANNOT_CONFINE 77

static int try_unconfined(size_t i)
{
    return forbidden[i]() ? 1 : 0;
}

static int try_in_front(size_t i)
{
    if (lk_sandbox_front() != LK_OK) return CANNOT_CONFINE;
    return forbidden[i]() ? 1 : 0;
}

static int try_in_vault(size_t i)
{
    if (lk_sandbox_vault() != LK_OK) return CANNOT_CONFINE;
    return forbidden[i]() ? 1 : 0;
}

static int work_in_front(size_t unused)
{
    (void)unused;
    return lk_sandbox_front() == LK_OK && can_work() ? 0 : 1;
}

/* The end of a certificate, the head of a line of the log: the first date of this process. */
static int date_in_vault(size_t unused)
{
    (void)unused;
    unsetenv("TZ"); /* with it the C library has no file to read */
    if (lk_sandbox_vault() != LK_OK) return CANNOT_CONFINE;
    struct tm utc;
    time_t epoch = 0;
    return gmtime_r(&epoch, &utc) != NULL && timegm(&utc) == 0 ? 0 : 1;
}

static int ring_in_front(size_t after)
{
    if (lk_sandbox_front() != LK_OK || (after && lk_sandbox_front_rings_made() != LK_OK)) return CANNOT_CONFINE;
    return makes_a_ring() ? 1 : 0;
}

static bool confines(void)
{
    /* Sanitizer builds carry empty filters, and some hosts offer none. Anywhere else one that lets a
     * file be opened is a fault. */
    if (strstr(LK_CONFIG, "san") != NULL) return false;
    return in_child(try_in_front, 0) != CANNOT_CONFINE;
}

static void front_may_do_none_of_these(void **state)
{
    (void)state;
    if (!confines()) skip();
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++)
        assert_int_equal(in_child(try_in_front, i), 0);
}

static void vault_dies_of_any_of_these(void **state)
{
    (void)state;
    if (!confines()) skip();
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++)
        assert_int_equal(in_child(try_in_vault, i), 128 + SIGSYS);
}

static void vault_makes_dates(void **state)
{
    (void)state;
    if (!confines()) skip();
    assert_int_equal(in_child(date_in_vault, 0), 0);
}

/* Control: without a sandbox the same code succeeds, so the tests above test the sandbox. */
static void nobody_else_is_kept_from_it(void **state)
{
    (void)state;
    assert_int_equal(in_child(try_unconfined, 0), 1); /* open */
    assert_int_equal(in_child(try_unconfined, 2), 1); /* socket */
    assert_int_equal(in_child(try_unconfined, 5), 1); /* signal */
    assert_int_equal(in_child(try_unconfined, 6), 1); /* fork */
    assert_int_equal(in_child(try_unconfined, 7), 1); /* code */
}

static void front_can_still_work(void **state)
{
    (void)state;
    assert_int_equal(in_child(work_in_front, 0), 0);
}

static void front_makes_rings_before_and_not_after(void **state)
{
    (void)state;
    if (!confines()) skip();
    assert_int_equal(in_child(ring_in_front, 0), 1);
    assert_int_equal(in_child(ring_in_front, 1), 0);
}

static int dump_state(size_t unused)
{
    (void)unused;
    lk_sandbox_dumps_off();
    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
}

static void dumps_are_off(void **state)
{
    (void)state;
    if (!confines()) skip();
    assert_int_equal(in_child(dump_state, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_else_is_kept_from_it),
        cmocka_unit_test(front_may_do_none_of_these),
        cmocka_unit_test(front_can_still_work),
        cmocka_unit_test(front_makes_rings_before_and_not_after),
        cmocka_unit_test(vault_dies_of_any_of_these),
        cmocka_unit_test(vault_makes_dates),
        cmocka_unit_test(dumps_are_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
