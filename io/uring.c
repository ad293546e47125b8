#include "io/uring.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/log.h"

#define FLAGS_LEAST (IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL)
#define FLAGS_BEST                                                                                 \
    (FLAGS_LEAST | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |                       \
     IORING_SETUP_COOP_TASKRUN)

static const char *where_to_look(int err)
{
    switch (err) {
    case -EPERM:
    case -EACCES:
        return "the host refuses io_uring: look at sysctl kernel.io_uring_disabled and "
               "kernel.io_uring_group, and at the seccomp profile of the service or container";
    case -ENOSYS:
        return "the kernel has no io_uring, or a seccomp profile of the container hides it";
    case -ENOMEM: return "not enough locked memory: raise LimitMEMLOCK";
    case -EMFILE:
    case -ENFILE: return "too many open files: raise LimitNOFILE";
    default: return "Linux 6.1 or later is needed";
    }
}

static int try_flags(struct io_uring *uring, unsigned flags)
{
    struct io_uring_params params = {.flags = flags, .cq_entries = LK_URING_CQ_ENTRIES};
    return io_uring_queue_init_params(LK_URING_SQ_ENTRIES, uring, &params);
}

lk_err lk_uring_open(struct io_uring *uring)
{
    int r = try_flags(uring, FLAGS_BEST);
    if (r == -EINVAL) {
        r = try_flags(uring, FLAGS_LEAST);
        if (r == 0)
            lk_log(LK_LOG_WARNING,
                   "io_uring without SINGLE_ISSUER and DEFER_TASKRUN: slower; Linux 6.1 has them");
    }
    if (r < 0) {
        lk_log(LK_LOG_ERROR, "io_uring cannot be had", LK_F_STR("error", lk_err_name(r)),
               LK_F_STR("hint", where_to_look(r)));
        return r;
    }
    int registered = io_uring_register_ring_fd(uring);
    if (registered < 0)
        lk_log(LK_LOG_WARNING, "the ring's descriptor cannot be registered: slower",
               LK_F_STR("error", lk_err_name(registered)));
    return LK_OK;
}

/* liburing 2.3 declares these two without exporting them. */
static lk_err enter_register(struct io_uring *uring, unsigned opcode, const void *arg,
                             unsigned count)
{
    return syscall(SYS_io_uring_register, uring->ring_fd, opcode, arg, count) < 0 ? -errno : LK_OK;
}

static const uint8_t operations[] = {
    IORING_OP_ACCEPT,  IORING_OP_RECV,     IORING_OP_SEND,         IORING_OP_RECVMSG,
    IORING_OP_SENDMSG, IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL,
};
#define OPERATIONS (sizeof operations / sizeof operations[0])

lk_err lk_uring_seal(struct io_uring *uring)
{
    struct io_uring_restriction rule[OPERATIONS + 2] = {
        {.opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED, .sqe_flags = IOSQE_BUFFER_SELECT},
        {.opcode = IORING_RESTRICTION_REGISTER_OP, .register_op = IORING_UNREGISTER_RING_FDS},
    };
    for (size_t i = 0; i < OPERATIONS; i++)
        rule[i + 2] = (struct io_uring_restriction){.opcode = IORING_RESTRICTION_SQE_OP,
                                                    .sqe_op = operations[i]};
    LK_TRY(enter_register(uring, IORING_REGISTER_RESTRICTIONS, rule, OPERATIONS + 2));
    return enter_register(uring, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}
