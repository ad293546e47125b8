#ifdef LK_JEMALLOC

#include "io/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void lk_sandbox_dumps_off(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* A filter for all threads of the process. libseccomp sets no_new_privs itself. */
static scmp_filter_ctx new_filter(uint32_t otherwise)
{
    scmp_filter_ctx filter = seccomp_init(otherwise);
    if (filter == NULL) return NULL;
    if (seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) != 0 ||
        seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
        seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0) {
        seccomp_release(filter);
        return NULL;
    }
    return filter;
}

static int add_all(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
    int bad = 0;
    for (size_t i = 0; i < count; i++)
        bad |= seccomp_rule_add(filter, action, calls[i], 0);
    return bad;
}

static lk_err load_filter(scmp_filter_ctx filter, int bad)
{
    lk_err err = bad != 0 ? LK_ERR_REFUSED : seccomp_load(filter);
    seccomp_release(filter);
    return err;
}

/* --- vault ------------------------------------------------------------------------------------ */

static const int vault_calls[] = {
    SCMP_SYS(futex), SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(pread64), SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg), SCMP_SYS(fstat), SCMP_SYS(close), SCMP_SYS(poll), SCMP_SYS(munmap),
    SCMP_SYS(mremap), SCMP_SYS(mlock2), SCMP_SYS(mlock), SCMP_SYS(madvise), SCMP_SYS(getrandom),
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep), SCMP_SYS(sched_yield), SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(exit),
    SCMP_SYS(exit_group), SCMP_SYS(brk), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
};

static int vault_rules(scmp_filter_ctx f)
{
    const struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    const struct scmp_arg_cmp to_self = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid());
    int bad = add_all(f, SCMP_ACT_ALLOW, vault_calls, sizeof vault_calls / sizeof vault_calls[0]);
    bad |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_exec);
    bad |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_exec);
    bad |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, to_self);
    /* fstat of the C library; a name with it would need an address that we cannot see. */
    bad |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
                            SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH));
    /* Reading our own limits, before a load that needs more locked memory. */
    bad |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, SCMP_A0(SCMP_CMP_EQ, 0),
                            SCMP_A2(SCMP_CMP_EQ, 0));
    bad |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(capget), 0);
    bad |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                            SCMP_A1(SCMP_CMP_EQ, F_GET_SEALS));
    return bad;
}

lk_err lk_sandbox_vault(void)
{
    tzset(); /* or the first date made in here, of UTC too, opens /etc/localtime */
    scmp_filter_ctx filter = new_filter(SCMP_ACT_KILL_PROCESS);
    LK_REQUIRE(filter != NULL, LK_ERR_MEMORY);
    return load_filter(filter, vault_rules(filter));
}

/* --- front ------------------------------------------------------------------------------------ */

/* The kernel takes as much of this as it knows, told by the size. */
struct landlock_all {
    uint64_t handled_access_fs, handled_access_net, scoped;
};

static size_t fill_landlock(struct landlock_all *all, int abi)
{
    static const uint64_t fs_bits[] = {0, 13, 14, 15, 15, 16}; /* rights known to each ABI */
    unsigned bits = (unsigned)fs_bits[abi < 5 ? abi : 5];
    *all = (struct landlock_all){.handled_access_fs = (UINT64_C(1) << bits) - 1};
    if (abi >= 4) all->handled_access_net = 3; /* bind and connect of TCP */
    if (abi >= 6) all->scoped = 3; /* abstract sockets and signals beyond this process */
    return abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
}

static lk_err landlock_without_paths(void)
{
    int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi <= 0) return -errno;
    struct landlock_all all;
    size_t bytes = fill_landlock(&all, abi);
    int rules = (int)syscall(SYS_landlock_create_ruleset, &all, bytes, 0);
    if (rules < 0) return -errno;
    lk_err err = LK_OK;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_landlock_restrict_self, rules, 0) != 0)
        err = -errno;
    close(rules);
    return err;
}

static const int front_denied[] = {
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev), SCMP_SYS(process_madvise), SCMP_SYS(kcmp), SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_getfd), SCMP_SYS(pidfd_send_signal), SCMP_SYS(kill), SCMP_SYS(tkill),
    SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(open), SCMP_SYS(openat),
    SCMP_SYS(openat2), SCMP_SYS(creat), SCMP_SYS(open_by_handle_at), SCMP_SYS(name_to_handle_at),
    SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(mount),
    SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd), SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key),
    SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(kexec_load), SCMP_SYS(reboot),
    SCMP_SYS(memfd_secret), SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setresuid),
    SCMP_SYS(setresgid), SCMP_SYS(setreuid), SCMP_SYS(setregid), SCMP_SYS(setfsuid),
    SCMP_SYS(setfsgid), SCMP_SYS(setgroups), SCMP_SYS(capset), SCMP_SYS(inotify_add_watch),
    SCMP_SYS(fanotify_mark), SCMP_SYS(link), SCMP_SYS(linkat),
    SCMP_SYS(symlink), SCMP_SYS(symlinkat),
    SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
    SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(chmod), SCMP_SYS(fchmodat), SCMP_SYS(chown),
    SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(bind),
    /* what makes memory executable beside mmap and mprotect */
    SCMP_SYS(pkey_mprotect), SCMP_SYS(personality), SCMP_SYS(shmget), SCMP_SYS(shmat),
    SCMP_SYS(lchown), SCMP_SYS(fchownat), SCMP_SYS(setxattr), SCMP_SYS(lsetxattr),
    SCMP_SYS(process_mrelease), SCMP_SYS(move_pages), SCMP_SYS(migrate_pages),
};

/* A descriptor that is somebody's makes the kernel send the signal that we may not. The low half of
 * the command is all the kernel looks at. */
static int deny_owners(scmp_filter_ctx f, uint32_t deny)
{
    static const struct {
        int call;
        scmp_datum_t command;
    } owners[] = {
        {SCMP_SYS(fcntl), F_SETOWN}, {SCMP_SYS(fcntl), F_SETOWN_EX}, {SCMP_SYS(fcntl), F_SETSIG},
        {SCMP_SYS(ioctl), FIOSETOWN},    {SCMP_SYS(ioctl), SIOCSPGRP},
    };
    int bad = 0;
    for (size_t i = 0; i < sizeof owners / sizeof owners[0]; i++)
        bad |= seccomp_rule_add(f, deny, owners[i].call, 1,
                                SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, owners[i].command));
    return bad;
}

/* EPERM, not death: a library that tries one of these (a resolver, a journal) goes on without. */
lk_err lk_sandbox_front(void)
{
    LK_TRY(landlock_without_paths());
    scmp_filter_ctx filter = new_filter(SCMP_ACT_ALLOW);
    LK_REQUIRE(filter != NULL, LK_ERR_MEMORY);
    const uint32_t deny = SCMP_ACT_ERRNO(EPERM);
    int bad = add_all(filter, deny, front_denied, sizeof front_denied / sizeof front_denied[0]);
    bad |= seccomp_rule_add(filter, deny, SCMP_SYS(tgkill), 1,
                            SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid()));
    /* Limits of its own only: other processes of the same user have theirs. */
    bad |= seccomp_rule_add(filter, deny, SCMP_SYS(prlimit64), 1, SCMP_A0(SCMP_CMP_NE, 0));
    /* Threads, but no processes; clone3 hides its flags, and the C library falls back to clone. */
    bad |= seccomp_rule_add(filter, deny, SCMP_SYS(clone), 1,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    bad |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    bad |= seccomp_rule_add(filter, deny, SCMP_SYS(mmap), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
    bad |= seccomp_rule_add(filter, deny, SCMP_SYS(mprotect), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
    bad |= deny_owners(filter, deny);
    return load_filter(filter, bad);
}

lk_err lk_sandbox_front_rings_made(void)
{
    scmp_filter_ctx filter = new_filter(SCMP_ACT_ALLOW);
    LK_REQUIRE(filter != NULL, LK_ERR_MEMORY);
    const uint32_t deny = SCMP_ACT_ERRNO(EPERM);
    return load_filter(filter, seccomp_rule_add(filter, deny, SCMP_SYS(io_uring_setup), 0));
}

#endif
