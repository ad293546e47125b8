#include "io/front.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "crypto/ct.h"
#include "io/chain.h"
#include "io/channel.h"
#include "io/child.h"
#include "io/http/admin.h"
#include "io/loop.h"
#include "io/sandbox.h"

#define TICK_MS 100 /* a broken epoch is noticed within it */

/* A file of the load under way, as it came. */
struct file {
    uint8_t *data;
    size_t len;
};

/* A generation while its parts arrive. */
struct load {
    uint64_t generation;
    struct lk_conf *conf;
    struct lk_keystore *keys;
    struct file file[LK_FILE_CRL + 1]; /* by enum lk_file_role */
    struct file chain;                 /* of the key whose public half comes next */
    uint32_t chain_index;
    int64_t expiry_s; /* earliest notAfter of the chains; 0: none */
};

struct front {
    int channel;
    bool planned, stop, draining;
    struct lk_plan_message plan;
    int bell_fd[LK_LOOPS_MAX];
    struct lk_loop_conf loop_conf[LK_LOOPS_MAX];
    struct lk_process_counters *counters;
    const struct lk_process_counters *vault_counters;
    int admin_fd;
    struct lk_admin *admin;
    struct lk_admin_processes shown; /* on its page */

    struct load load;
    struct lk_view *view;
    struct lk_loop *loop[LK_LOOPS_MAX];
    uint32_t loops_started;
    struct lk_segment segment[2]; /* of this epoch and the one before; base NULL: none */
    unsigned segment_now;
    uint64_t reported_epoch;
    int64_t crl_expiry_s; /* 0: none, or it was said that it is over */
    char error[1024];
    struct lk_message in;
};

/* --- orders: plan, tables, sockets
 * ----------------------------------------------------------------- */

static lk_err take_plan(struct front *f)
{
    LK_REQUIRE(f->in.bytes == sizeof f->plan, LK_ERR_FORMAT);
    memcpy(&f->plan, f->in.body, sizeof f->plan);
    LK_REQUIRE(f->plan.loops <= LK_LOOPS_MAX && f->plan.workers <= LK_WORKERS_MAX, LK_ERR_RANGE);
    for (uint32_t i = 0; i < f->plan.loops; i++)
        f->bell_fd[i] = lk_message_take_fd(&f->in, (int)i);
    f->planned = true;
    return LK_OK;
}

static lk_err map_counters(int fd, int prot, uint32_t threads, void **out)
{
    size_t bytes;
    LK_TRY(lk_blob_size(fd, SIZE_MAX, &bytes));
    LK_REQUIRE(bytes >= lk_process_counters_bytes(threads), LK_ERR_FORMAT);
    void *p = mmap(NULL, bytes, prot, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) return -errno;
    *out = p;
    return LK_OK;
}

static lk_err take_counters(struct front *f)
{
    void *own = NULL, *other = NULL;
    LK_REQUIRE(f->in.fd_count == 2 && f->planned, LK_ERR_FORMAT);
    LK_TRY(map_counters(f->in.fd[0], PROT_READ | PROT_WRITE, f->plan.loops, &own));
    LK_TRY(map_counters(f->in.fd[1], PROT_READ, f->plan.workers, &other));
    f->counters = own;
    f->vault_counters = other;
    atomic_store(&f->counters->ready, 0);
    return LK_OK;
}

static lk_err take_listen(struct front *f)
{
    struct lk_listen_message m;
    LK_REQUIRE(f->in.bytes == sizeof m && f->in.fd_count == 1, LK_ERR_FORMAT);
    memcpy(&m, f->in.body, sizeof m);
    if (m.loop == LK_LISTEN_ADMIN) {
        f->admin_fd = lk_message_take_fd(&f->in, 0);
        return LK_OK;
    }
    LK_REQUIRE(m.loop < f->plan.loops && m.transport < LK_TRANSPORT_COUNT, LK_ERR_RANGE);
    struct lk_loop_conf *conf = &f->loop_conf[m.loop];
    LK_REQUIRE(conf->listener_count < LK_LISTEN_MAX, LK_ERR_FULL);
    conf->listener[conf->listener_count++] = (struct lk_loop_listener){
        .fd = lk_message_take_fd(&f->in, 0), .transport = m.transport};
    return LK_OK;
}

/* --- orders: a load
 * --------------------------------------------------------------------------------- */

static void drop_file(struct file *file)
{
    if (file->data != NULL)
        lk_wipe(file->data, file->len); /* one of them is the channel's own key */
    free(file->data);
    *file = (struct file){.data = NULL};
}

static void drop_load(struct load *load)
{
    for (size_t i = 0; i < sizeof load->file / sizeof load->file[0]; i++)
        drop_file(&load->file[i]);
    drop_file(&load->chain);
    if (load->keys != NULL) lk_keystore_free(load->keys);
    if (load->conf != NULL) lk_conf_free(load->conf);
    *load = (struct load){.generation = 0};
}

static lk_err take_conf(struct front *f)
{
    uint64_t generation;
    LK_REQUIRE(f->in.bytes == sizeof generation && f->in.fd_count == 1 && f->planned,
               LK_ERR_FORMAT);
    memcpy(&generation, f->in.body, sizeof generation);
    drop_load(&f->load);
    f->load.generation = generation;
    struct file text = {.data = NULL};
    LK_TRY(lk_blob_read(f->in.fd[0], LK_CONF_BYTES_MAX, &text.data, &text.len));
    const struct lk_bytes view = {.data = text.data, .len = text.len};
    lk_err err = lk_conf_parse("configuration", view, &f->load.conf, f->error, sizeof f->error);
    drop_file(&text);
    LK_TRY(err);
    if (f->view == NULL && f->plan.one_process == 0)
        lk_child_log_setup("front", f->load.conf, "ordinary");
    lk_log_level((enum lk_log_level)f->load.conf->log_level);
    return lk_keystore_new(f->load.conf->key_count, &f->load.keys);
}

static lk_err take_file(struct front *f)
{
    uint32_t head[2]; /* role, index */
    LK_REQUIRE(f->in.bytes == sizeof head && f->in.fd_count == 1, LK_ERR_FORMAT);
    memcpy(head, f->in.body, sizeof head);
    LK_REQUIRE(head[0] <= LK_FILE_CHAIN, LK_ERR_RANGE);
    struct file *file = head[0] == LK_FILE_CHAIN ? &f->load.chain : &f->load.file[head[0]];
    drop_file(file);
    if (head[0] == LK_FILE_CHAIN) f->load.chain_index = head[1];
    return lk_blob_read(f->in.fd[0], LK_FILE_BYTES_MAX, &file->data, &file->len);
}

static lk_err say_key(struct front *f, uint32_t index, lk_err err, const char *what)
{
    const struct lk_conf_key *key = &f->load.conf->keys[index];
    snprintf(f->error, sizeof f->error, "%u: key %s: %s", key->line, key->name,
             what != NULL ? what : lk_err_text(err));
    return err;
}

static lk_err read_chain(struct front *f, const struct lk_key_public *key, struct lk_chain *out)
{
    *out = (struct lk_chain){.data = NULL};
    struct file *file = &f->load.chain;
    if (file->data == NULL || f->load.chain_index != key->index) return LK_OK;
    const struct lk_bytes pem = {.data = file->data, .len = file->len};
    lk_err err = lk_chain_read(pem, key->spki, out);
    drop_file(file);
    if (err == LK_ERR_KEY)
        return say_key(f, key->index, err, "the first certificate of chain is of another key");
    if (err == LK_ERR_FULL)
        return say_key(f, key->index, err,
                       "chain holds more than 4 certificates of the key itself: remove old ones");
    if (err != LK_OK)
        return say_key(f, key->index, err, "chain holds no certificate in PEM, or a broken one");
    const char *names = (key->flags & LK_FLAG_REQUEST) != 0 ? lk_chain_names_fault(out) : NULL;
    if (names != NULL) {
        lk_chain_free(out);
        return say_key(f, key->index, LK_ERR_FORMAT, names);
    }
    if (f->load.expiry_s == 0 || out->expiry_s < f->load.expiry_s) f->load.expiry_s = out->expiry_s;
    return LK_OK;
}

static lk_err add_key(struct front *f, struct lk_key_public *key)
{
    struct lk_chain chain;
    LK_TRY(read_chain(f, key, &chain));
    key->chain = (struct lk_bytes){.data = chain.data, .len = chain.len};
    const struct lk_key_public *other = NULL;
    lk_err err = lk_keystore_add(f->load.keys, key, &other);
    lk_chain_free(&chain);
    if (err == LK_ERR_COLLISION && other != NULL) {
        char what[LK_NAME_BYTES_MAX + 64];
        snprintf(what, sizeof what, "has the key id of key %s of the same tenant",
                 f->load.conf->keys[other->index].name);
        return say_key(f, key->index, err, what);
    }
    if (err == LK_ERR_COLLISION)
        return say_key(f, key->index, err, "chain holds two certificates with one fingerprint");
    return err == LK_OK ? LK_OK : say_key(f, key->index, err, NULL);
}

static lk_err take_key_public(struct front *f)
{
    struct lk_key_public_message head;
    if (f->load.conf == NULL) return LK_OK; /* of a load that was refused already */
    LK_REQUIRE(f->in.bytes >= sizeof head, LK_ERR_FORMAT);
    memcpy(&head, f->in.body, sizeof head);
    LK_REQUIRE(f->in.bytes == sizeof head + (uint64_t)head.spki_bytes + head.rsa_public_bytes,
               LK_ERR_FORMAT);
    LK_REQUIRE(head.index < f->load.conf->key_count, LK_ERR_RANGE);
    const struct lk_conf_key *conf = &f->load.conf->keys[head.index];
    const struct lk_bytes spki = {.data = f->in.body + sizeof head, .len = head.spki_bytes};
    const struct lk_bytes rsa = {.data = spki.data + spki.len, .len = head.rsa_public_bytes};
    struct lk_key_public key = {.handle = head.handle,
                                .index = head.index,
                                .tenant = conf->tenant,
                                .uses = conf->uses,
                                .flags = conf->flags,
                                .kind = (enum lk_key_kind)head.kind,
                                .bits = head.bits,
                                .bytes = head.bytes,
                                .barred_hashes = head.barred_hashes,
                                .spki = spki};
    lk_keyid_of(spki, rsa, &key.keyid);
    return add_key(f, &key);
}

static lk_err build_view(struct front *f, struct lk_view **out)
{
    struct load *l = &f->load;
    const struct lk_view_files files = {
        .certificate = {l->file[LK_FILE_CERTIFICATE].data, l->file[LK_FILE_CERTIFICATE].len},
        .key = {l->file[LK_FILE_CHANNEL_KEY].data, l->file[LK_FILE_CHANNEL_KEY].len},
        .ca = {l->file[LK_FILE_CA].data, l->file[LK_FILE_CA].len},
        .crl = {l->file[LK_FILE_CRL].data, l->file[LK_FILE_CRL].len}};
    lk_err err = lk_view_new(l->generation, l->conf, l->keys, &files, out, f->error,
                             sizeof f->error);
    l->conf = NULL; /* taken over either way */
    l->keys = NULL;
    return err;
}

static lk_err say_uring(struct front *f, lk_err err)
{
    const char *where = err == -EPERM || err == -EACCES || err == -ENOSYS
                            ? ": the host refuses io_uring. Look at sysctl "
                              "kernel.io_uring_disabled (0 wanted), at the "
                              "seccomp profile of the container (io_uring_setup, io_uring_enter, "
                              "io_uring_register) and at "
                              "SystemCallFilter= of the unit"
                            : "";
    snprintf(f->error, sizeof f->error, "loop: %s%s", lk_err_text(err), where);
    return err;
}

static lk_err start_loop(struct front *f, uint32_t i)
{
    struct lk_loop_conf *conf = &f->loop_conf[i];
    conf->index = i;
    conf->cpu = f->plan.loop_cpu[i];
    conf->spin = (f->plan.loop_spins >> i & 1) != 0;
    conf->bell_fd = f->bell_fd[i];
    conf->workers = f->plan.workers;
    conf->view = f->view;
    conf->counters = &f->counters->thread[i];
    snprintf(conf->counters->thread, sizeof conf->counters->thread, "loop %u", i);
    lk_err err = lk_loop_start(conf, &f->loop[i]);
    if (err != LK_OK) return say_uring(f, err);
    f->loops_started++;
    return LK_OK;
}

static lk_err start_loops(struct front *f)
{
    for (uint32_t i = 0; i < f->plan.loops; i++)
        LK_TRY(start_loop(f, i));
    if (f->plan.one_process != 0) return LK_OK;
    lk_err err = lk_sandbox_front_rings_made();
    if (err != LK_OK) snprintf(f->error, sizeof f->error, "seccomp filter: %s", lk_err_text(err));
    return err;
}

static void order_loops(struct front *f, const struct lk_loop_order *order)
{
    for (uint32_t i = 0; i < f->loops_started; i++)
        lk_loop_order(f->loop[i], order);
}

static lk_err start_admin(struct front *f)
{
    if (f->admin_fd < 0) return LK_OK;
    f->shown = (struct lk_admin_processes){.front = f->counters, .vault = f->vault_counters};
    const struct lk_admin_conf conf = {
        .listen_fd = f->admin_fd, .pages = &lk_admin_pages_lurkd, .owner = &f->shown};
    f->admin_fd = -1;
    lk_err err = lk_admin_start(&conf, &f->admin);
    if (err != LK_OK) snprintf(f->error, sizeof f->error, "admin page: %s", lk_err_text(err));
    return err;
}

static lk_err use_first_view(struct front *f, struct lk_view *fresh)
{
    f->view = fresh;
    LK_TRY(start_loops(f));
    return start_admin(f);
}

static void swap_view(struct front *f, struct lk_view *fresh)
{
    const struct lk_loop_order order = {.kind = LK_ORDER_VIEW, .view = fresh};
    order_loops(f, &order); /* returns when each loop has begun a turn under it */
    lk_view_free(f->view);
    f->view = fresh;
}

static lk_err check_memlock(struct front *f)
{
    const struct lk_segment_shape shape = lk_plan_shape(&f->plan);
    size_t needed = 2 * lk_segment_bytes(&shape); /* two epochs at the change */
    if (f->plan.one_process != 0 || lk_child_may_lock(needed)) return LK_OK;
    snprintf(f->error, sizeof f->error,
             "front: %zu MiB of locked memory are needed for %u loops; RLIMIT_MEMLOCK allows less: "
             "raise "
             "LimitMEMLOCK= of the unit, or ulimit -l, to at least that",
             (needed >> 20) + 1, f->plan.loops);
    return LK_ERR_MEMORY;
}

static lk_err take_commit(struct front *f)
{
    if (f->load.conf == NULL) return LK_OK;
    LK_TRY(check_memlock(f));
    const struct file *file = &f->load.file[LK_FILE_CERTIFICATE];
    int64_t channel_expiry_s = lk_chain_expiry(
        (struct lk_bytes){.data = file->data, .len = file->len});
    file = &f->load.file[LK_FILE_CRL];
    int64_t crl_expiry_s = lk_crl_expiry((struct lk_bytes){.data = file->data, .len = file->len});
    struct lk_view *fresh = NULL;
    LK_TRY(build_view(f, &fresh));
    if (f->view == NULL)
        LK_TRY(use_first_view(f, fresh));
    else
        swap_view(f, fresh);
    atomic_store(&f->counters->keys, lk_keystore_count(fresh->keys));
    atomic_store(&f->counters->generation, fresh->generation);
    atomic_store(&f->counters->channel_expiry_s, channel_expiry_s);
    atomic_store(&f->counters->crl_expiry_s, crl_expiry_s);
    f->crl_expiry_s = crl_expiry_s;
    atomic_store(&f->counters->certificate_expiry_s, f->load.expiry_s);
    drop_load(&f->load);
    return lk_channel_tell(f->channel, LK_M_READY, &fresh->generation, sizeof fresh->generation,
                           -1);
}

/* --- orders: epochs, drain, end
 * ----------------------------------------------------------------------- */

static lk_err take_epoch(struct front *f)
{
    uint64_t number;
    LK_REQUIRE(f->in.bytes == sizeof number && f->in.fd_count <= 1, LK_ERR_FORMAT);
    memcpy(&number, f->in.body, sizeof number);
    struct lk_segment *old = &f->segment[f->segment_now], *fresh = &f->segment[f->segment_now ^ 1];
    const struct lk_segment_shape shape = lk_plan_shape(&f->plan);
    *fresh = (struct lk_segment){.base = NULL};
    if (f->in.fd_count == 1) LK_TRY(lk_segment_map(&shape, number, f->in.fd[0], fresh));
    const struct lk_loop_order order = {.kind = LK_ORDER_EPOCH,
                                        .segment = fresh->base != NULL ? fresh : NULL};
    order_loops(f, &order); /* returns when no loop looks at the old one any more */
    lk_segment_unmap(old);
    f->segment_now ^= 1;
    atomic_store(&f->counters->epoch, number);
    atomic_store(&f->counters->ready, fresh->base != NULL && !f->draining ? 1 : 0);
    return lk_channel_tell(f->channel, LK_M_EPOCH_ACK, &number, sizeof number, -1);
}

static lk_err take_drain(struct front *f)
{
    const struct lk_loop_order order = {.kind = LK_ORDER_DRAIN};
    f->draining = true;
    atomic_store(&f->counters->ready, 0);
    order_loops(f, &order);
    return LK_OK;
}

static lk_err take_stop(struct front *f)
{
    f->stop = true;
    return LK_OK;
}

/* --- the control thread
 * -------------------------------------------------------------------------------- */

/* load: an error of this order refuses the generation; else it ends the front. */
static const struct {
    uint32_t kind;
    bool load;
    lk_err (*take)(struct front *f);
} orders[] = {
    {LK_M_PLAN, false, take_plan},     {LK_M_COUNTERS, false, take_counters},
    {LK_M_LISTEN, false, take_listen}, {LK_M_CONF, true, take_conf},
    {LK_M_FILE, true, take_file},      {LK_M_KEY_PUBLIC, true, take_key_public},
    {LK_M_COMMIT, true, take_commit},  {LK_M_EPOCH, false, take_epoch},
    {LK_M_DRAIN, false, take_drain},   {LK_M_STOP, false, take_stop},
};

static lk_err refuse_load(struct front *f, lk_err err)
{
    uint64_t generation = f->load.generation;
    if (f->error[0] == 0) snprintf(f->error, sizeof f->error, "front: %s", lk_err_text(err));
    drop_load(&f->load);
    return lk_child_refuse(f->channel, generation, f->error);
}

static lk_err take_order(struct front *f)
{
    LK_TRY(lk_channel_receive(f->channel, &f->in));
    lk_err err = LK_ERR_UNKNOWN;
    f->error[0] = 0;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        if (orders[i].kind != f->in.kind) continue;
        err = orders[i].take(f);
        if (err != LK_OK && orders[i].load && err != LK_ERR_CLOSED) err = refuse_load(f, err);
        break;
    }
    lk_message_close(&f->in);
    return err;
}

/* What a loop found out that only the supervisor can mend; said once an epoch. */
static lk_err report_epoch(struct front *f)
{
    const struct lk_segment *now = &f->segment[f->segment_now];
    if (now->base == NULL || f->reported_epoch == now->epoch) return LK_OK;
    uint64_t lost = 0,
             pool = (uint64_t)f->plan.loops * (f->plan.small_per_loop + f->plan.large_per_loop);
    bool broken = false;
    for (uint32_t i = 0; i < f->loops_started; i++) {
        broken |= lk_loop_broken_epoch(f->loop[i]) == now->epoch;
        lost += lk_loop_slots_stuck(f->loop[i]);
    }
    if (!broken && lost <= pool / 4) return LK_OK;
    f->reported_epoch = now->epoch;
    uint32_t kind = broken ? LK_M_EPOCH_BROKEN : LK_M_SLOTS_LOST;
    return lk_channel_tell(f->channel, kind, &now->epoch, sizeof now->epoch, -1);
}

/* Once for each load: OpenSSL refuses every edge from now on. */
static void judge_crl(struct front *f)
{
    if (f->crl_expiry_s == 0 || lk_clock_unix_s() <= f->crl_expiry_s) return;
    f->crl_expiry_s = 0;
    lk_log(LK_LOG_ERROR,
           "channel.crl has expired: every edge is refused until a fresh one is loaded");
}

static lk_err tick(struct front *f)
{
    LK_TRY(report_epoch(f));
    uint64_t conns = 0;
    for (uint32_t i = 0; i < f->loops_started; i++)
        conns += lk_loop_conns(f->loop[i]);
    if (f->counters != NULL) {
        atomic_store(&f->counters->conns, conns);
        judge_crl(f);
        atomic_store(&f->counters->cpu_ns, lk_child_cpu_ns());
    }
    if (!f->draining || conns > 0) return LK_OK;
    f->draining = false; /* said once */
    return lk_channel_tell(f->channel, LK_M_DRAINED, NULL, 0, -1);
}

static lk_err serve(struct front *f)
{
    while (!f->stop) {
        struct pollfd p = {.fd = f->channel, .events = POLLIN};
        int n = poll(&p, 1, f->draining ? 10 : TICK_MS);
        if (n < 0 && errno != EINTR) return -errno;
        if (n > 0) LK_TRY(take_order(f));
        LK_TRY(tick(f));
    }
    return LK_OK;
}

static void end(struct front *f)
{
    if (f->counters != NULL) atomic_store(&f->counters->ready, 0);
    const struct lk_loop_order order = {.kind = LK_ORDER_STOP};
    order_loops(f, &order);
    for (uint32_t i = 0; i < f->loops_started; i++)
        lk_loop_join(f->loop[i]);
    lk_admin_stop(f->admin);
    lk_view_free(f->view);
    drop_load(&f->load);
    lk_segment_unmap(&f->segment[f->segment_now]);
    close(f->channel);
}

int lk_front_run(int channel)
{
    struct front *f = calloc(1, sizeof *f);
    LK_ASSERT(f != NULL);
    f->channel = channel;
    f->admin_fd = -1;
    lk_err err = serve(f);
    if (err != LK_OK && err != LK_ERR_CLOSED)
        lk_log(LK_LOG_ERROR, "front ends", LK_F_STR("error", lk_err_text(err)),
               LK_F_STR("what", f->error));
    end(f);
    free(f);
    return err == LK_OK || err == LK_ERR_CLOSED ? 0 : 1;
}

int lk_front_main(int channel)
{
    lk_sandbox_dumps_off();
    /* What libssl wants to read from disk it reads now or never. */
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    lk_err err = lk_sandbox_front();
    if (err != LK_OK) {
        lk_child_refuse_start(
            channel,
            "front: sandbox: Landlock has to be in the kernel's lsm= list, and seccomp allowed",
            err);
        return 1;
    }
    return lk_front_run(channel);
}
