/* channel: the supervisor's line to each child: a SOCK_SEQPACKET pair, one message a packet, with
 * descriptors beside it. End of file on it ends the child.
 *
 * Trust   the supervisor checks every message of a child: sizes, states, indices; a child that
 * breaks the order is killed. A child believes its supervisor. Bytes too long for a packet travel
 * as sealed memfds. */
#ifndef LK_IO_CHANNEL_H
#define LK_IO_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/limits.h"

#define LK_CHANNEL_FDS_MAX 72 /* a plan carries LK_LOOPS_MAX eventfds */
#define LK_CHANNEL_BYTES_MAX 8192

enum lk_message_kind {
    /* supervisor to child */
    LK_M_PLAN = 1,   /* struct lk_plan_message; fds: one eventfd a loop, its bell in every epoch */
    LK_M_COUNTERS,   /* fds: own struct lk_process_counters (rw), the other child's (ro) */
    LK_M_CONF,       /* u64 generation; fd: the YAML text */
    LK_M_FILE,       /* front. u32 role (enum lk_file_role), u32 index; fd */
    LK_M_KEY,        /* vault. struct lk_key_message; fds: key, then those it names */
    LK_M_KEY_PUBLIC, /* vault to supervisor, supervisor to front: struct lk_key_public_message */
    LK_M_COMMIT,     /* u64 generation: all of it was sent. Answer READY or REFUSED */
    LK_M_RETIRE,     /* vault. u64 generation: keys older than it may go */
    LK_M_TAKE_BACK,  /* vault. u64 generation that the front refused, u64 the one that stays: its
                        keys go */
    LK_M_LISTEN,     /* front. struct lk_listen_message; fd */
    LK_M_NOVELTY,    /* vault. fd */
    LK_M_AUDIT,      /* vault. fd */
    LK_M_EPOCH,      /* u64 epoch; fd: segment, none: the other side is gone. Answer EPOCH_ACK */
    LK_M_DRAIN,      /* front: no new peers, answer what is accepted, close, answer DRAINED */
    LK_M_STOP,       /* end now */
    /* child to supervisor */
    LK_M_READY = 64,    /* u64 generation: in use by every thread of the child */
    LK_M_REFUSED,       /* u64 generation, text: keep the old one */
    LK_M_KEY_FAULT,     /* vault. u32 index, u32 enum lk_key_fault */
    LK_M_KEY_WITHDRAWN, /* vault. u64 handle: not prime */
    LK_M_EPOCH_ACK,     /* u64 epoch */
    LK_M_EPOCH_BROKEN,  /* u64 epoch: the other side wrote an absurd index */
    LK_M_DRAINED,
    LK_M_SLOTS_LOST /* front. u64 epoch: more than a quarter of the slots do not come home */
};

enum lk_role { LK_ROLE_FRONT = 1, LK_ROLE_VAULT = 2 };

struct lk_plan_message {
    uint32_t role;
    uint32_t one_process; /* 1: a thread of the supervisor's process; no sandbox, no memory hooks */
    uint32_t loops, workers;
    uint32_t small_per_loop, large_per_loop; /* shape of the segment */
    uint64_t loop_spins, worker_spins;       /* bit i: thread i spins before it sleeps */
    int32_t loop_cpu[LK_LOOPS_MAX];          /* -1: not pinned */
    int32_t worker_cpu[LK_WORKERS_MAX];
};

#define LK_LISTEN_ADMIN UINT32_MAX /* loop: the admin page's socket */
struct lk_listen_message {
    uint32_t loop;
    uint32_t transport; /* enum lk_transport_id */
};

struct lk_key_message {
    uint32_t index; /* in the configuration's keys */
    uint32_t files; /* enum lk_key_files */
};
enum lk_key_files { LK_KEY_HAS_PASSPHRASE = 1, LK_KEY_HAS_CHAIN = 2 };

/* A key's public half: this head, then spki, then rsa_public. */
struct lk_key_public_message {
    uint64_t handle;
    uint32_t index; /* in the configuration's keys */
    uint32_t kind;  /* enum lk_key_kind */
    uint32_t bits, bytes;
    uint32_t spki_bytes, rsa_public_bytes;
    uint32_t barred_hashes, unused;
};
#define LK_KEY_PUBLIC_BYTES_MAX 4096 /* RSA-8192 needs some 2,200 */

enum lk_file_role {
    LK_FILE_CERTIFICATE,
    LK_FILE_CHANNEL_KEY,
    LK_FILE_CA,
    LK_FILE_CRL,
    LK_FILE_CHAIN
};

struct lk_message {
    uint32_t kind;
    uint32_t bytes; /* in body */
    int fd_count;
    int fd[LK_CHANNEL_FDS_MAX];
    uint8_t body[LK_CHANNEL_BYTES_MAX];
};

/* Sends a message of a few words without a body of its own size: kind, then `bytes` of body, and
 * one descriptor unless fd is -1. */
LK_MUST_USE lk_err lk_channel_tell(int channel, uint32_t kind, const void *body, size_t bytes,
                                   int fd);

/* Blocking; the descriptors stay the sender's. LK_ERR_CLOSED at end of file. */
LK_MUST_USE lk_err lk_channel_send(int fd, const struct lk_message *message);
/* Received descriptors are close-on-exec and the receiver's. */
LK_MUST_USE lk_err lk_channel_receive(int fd, struct lk_message *message);

/* Closes the descriptors a received message still holds. */
void lk_message_close(struct lk_message *message);
/* The i-th descriptor, from now on the caller's; -1 when there is none. */
int lk_message_take_fd(struct lk_message *message, int i);

/* A sealed read-only memfd with these bytes; and its bytes copied back (malloc'ed, a zero byte
 * behind). LK_ERR_FULL: longer than limit. The descriptor may be any regular file. */
LK_MUST_USE lk_err lk_blob_make(const void *data, size_t len, int *fd);
LK_MUST_USE lk_err lk_blob_read(int fd, size_t limit, uint8_t **data, size_t *len);
/* The same in two steps, for who has memory of its own (the vault's secret arena). */
LK_MUST_USE lk_err lk_blob_size(int fd, size_t limit, size_t *len);
LK_MUST_USE lk_err lk_blob_read_into(int fd, uint8_t *data, size_t len);

#endif
