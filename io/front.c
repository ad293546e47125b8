#include "io/server.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

struct server {
    int channel;
    bool planned, stop, draining;
    struct lk_plan_message plan;
    int bell_fd[LK_LOOPS_MAX];
    struct lk_loop_conf loop_conf[LK_LOOPS_MAX];
    struct lk_process_counters *counters;
    const struct lk_process_counters *vault_counters;
    int admin_fd;
    struct lk_admin *admin;

    struct load load;
    struct lk_view *view;
    struct lk_loop *loop[LK_LOOPS_MAX];
    uint32_t loops_started;
    struct lk_segment segment[2]; /* of this epoch and the one before; base NULL: none */
    unsigned segment_now;
    uint64_t reported_epoch;
    char error[1024];
    struct lk_message in;
};

/* --- orders: plan, tables, sockets ----------------------------------------------------------------- */

static lk_err take_plan(struct server *s)
{
    LK_REQUIRE(s->in.bytes == sizeof s->plan, LK_ERR_FORMAT);
    memcpy(&s->plan, s->in.body, sizeof s->plan);
    LK_REQUIRE(s->plan.loops <= LK_LOOPS_MAX && s->plan.workers <= LK_WORKERS_MAX, LK_ERR_RANGE);
    for (uint32_t i = 0; i < s->plan.loops; i++)
        s->bell_fd[i] = lk_message_take_fd(&s->in, (int)i);
    s->planned = true;
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

static lk_err take_counters(struct server *s)
{
    void *own = NULL, *other = NULL;
    LK_REQUIRE(s->in.fd_count == 2 && s->planned, LK_ERR_FORMAT);
    LK_TRY(map_counters(s->in.fd[0], PROT_READ | PROT_WRITE, s->plan.loops, &own));
    LK_TRY(map_counters(s->in.fd[1], PROT_READ, s->plan.workers, &other));
    s->counters = own;
    s->vault_counters = other;
    atomic_store(&s->counters->ready, 0);
    return LK_OK;
}

static lk_err take_listen(struct server *s)
{
    struct lk_listen_message m;
    LK_REQUIRE(s->in.bytes == sizeof m && s->in.fd_count == 1, LK_ERR_FORMAT);
    memcpy(&m, s->in.body, sizeof m);
    if (m.loop == LK_LISTEN_ADMIN) {
        s->admin_fd = lk_message_take_fd(&s->in, 0);
        return LK_OK;
    }
    LK_REQUIRE(m.loop < s->plan.loops && m.transport < LK_TRANSPORT_COUNT, LK_ERR_RANGE);
    struct lk_loop_conf *conf = &s->loop_conf[m.loop];
    LK_REQUIRE(conf->listener_count < LK_LISTEN_MAX, LK_ERR_FULL);
    conf->listener[conf->listener_count++] =
        (struct lk_loop_listener){.fd = lk_message_take_fd(&s->in, 0), .transport = m.transport};
    return LK_OK;
}

/* --- orders: a load --------------------------------------------------------------------------------- */

static void drop_file(struct file *f)
{
    if (f->data != NULL) lk_wipe(f->data, f->len); /* one of them is the channel's own key */
    free(f->data);
    *f = (struct file){.data = NULL};
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

static lk_err take_conf(struct server *s)
{
    uint64_t generation;
    LK_REQUIRE(s->in.bytes == sizeof generation && s->in.fd_count == 1 && s->planned, LK_ERR_FORMAT);
    memcpy(&generation, s->in.body, sizeof generation);
    drop_load(&s->load);
    s->load.generation = generation;
    struct file text = {.data = NULL};
    LK_TRY(lk_blob_read(s->in.fd[0], LK_CONF_BYTES_MAX, &text.data, &text.len));
    const struct lk_bytes view = {.data = text.data, .len = text.len};
    lk_err err = lk_conf_parse("configuration", view, &s->load.conf, s->error, sizeof s->error);
    drop_file(&text);
    LK_TRY(err);
    if (s->view == NULL && s->plan.one_process == 0) lk_child_log_setup("front", s->load.conf, "ordinary");
    lk_log_level((enum lk_log_level)s->load.conf->log_level);
    return lk_keystore_new(s->load.conf->key_count, &s->load.keys);
}

static lk_err take_file(struct server *s)
{
    uint32_t head[2]; /* role, index */
    LK_REQUIRE(s->in.bytes == sizeof head && s->in.fd_count == 1, LK_ERR_FORMAT);
    memcpy(head, s->in.body, sizeof head);
    LK_REQUIRE(head[0] <= LK_FILE_CHAIN, LK_ERR_RANGE);
    struct file *f = head[0] == LK_FILE_CHAIN ? &s->load.chain : &s->load.file[head[0]];
    drop_file(f);
    if (head[0] == LK_FILE_CHAIN) s->load.chain_index = head[1];
    return lk_blob_read(s->in.fd[0], LK_FILE_BYTES_MAX, &f->data, &f->len);
}

static lk_err say_key(struct server *s, uint32_t index, lk_err err, const char *what)
{
    const struct lk_conf_key *key = &s->load.conf->keys[index];
    snprintf(s->error, sizeof s->error, "%u: key %s: %s", key->line, key->name,
             what != NULL ? what : lk_err_text(err));
    return err;
}

static lk_err read_chain(struct server *s, const struct lk_key_public *key, struct lk_chain *out)
{
    *out = (struct lk_chain){.data = NULL};
    struct file *f = &s->load.chain;
    if (f->data == NULL || s->load.chain_index != key->index) return LK_OK;
    const struct lk_bytes pem = {.data = f->data, .len = f->len};
    lk_err err = lk_chain_read(pem, key->spki, out);
    drop_file(f);
    if (err == LK_ERR_KEY)
        return say_key(s, key->index, err, "the first certificate of chain is of another key");
    if (err != LK_OK) return say_key(s, key->index, err, "chain holds no certificate in PEM, or a broken one");
    if (s->load.expiry_s == 0 || out->expiry_s < s->load.expiry_s) s->load.expiry_s = out->expiry_s;
    return LK_OK;
}

static lk_err add_key(struct server *s, struct lk_key_public *key)
{
    struct lk_chain chain;
    LK_TRY(read_chain(s, key, &chain));
    key->chain = (struct lk_bytes){.data = chain.data, .len = chain.len};
    const struct lk_key_public *other = NULL;
    lk_err err = lk_keystore_add(s->load.keys, key, &other);
    lk_chain_free(&chain);
    if (err == LK_ERR_COLLISION && other != NULL) {
        char what[LK_NAME_BYTES_MAX + 64];
        snprintf(what, sizeof what, "has the key id of key %s of the same tenant",
                 s->load.conf->keys[other->index].name);
        return say_key(s, key->index, err, what);
    }
    return err == LK_OK ? LK_OK : say_key(s, key->index, err, NULL);
}

static lk_err take_key_public(struct server *s)
{
    struct lk_key_public_message head;
    if (s->load.conf == NULL) return LK_OK; /* of a load that was refused already */
    LK_REQUIRE(s->in.bytes >= sizeof head, LK_ERR_FORMAT);
    memcpy(&head, s->in.body, sizeof head);
    LK_REQUIRE(s->in.bytes == sizeof head + (uint64_t)head.spki_bytes + head.rsa_public_bytes, LK_ERR_FORMAT);
    LK_REQUIRE(head.index < s->load.conf->key_count, LK_ERR_RANGE);
    const struct lk_conf_key *conf = &s->load.conf->keys[head.index];
    const struct lk_bytes spki = {.data = s->in.body + sizeof head, .len = head.spki_bytes};
    const struct lk_bytes rsa = {.data = spki.data + spki.len, .len = head.rsa_public_bytes};
    struct lk_key_public key = {.handle = head.handle,
                                .index = head.index,
                                .tenant = conf->tenant,
                                .uses = conf->uses,
                                .kind = (enum lk_key_kind)head.kind,
                                .bits = head.bits,
                                .bytes = head.bytes,
                                .barred_hashes = head.barred_hashes,
                                .spki = spki};
    lk_keyid_of(spki, rsa, &key.keyid);
    return add_key(s, &key);
}

static lk_err build_view(struct server *s, struct lk_view **out)
{
    struct load *l = &s->load;
    const struct lk_view_files files = {
        .certificate = {l->file[LK_FILE_CERTIFICATE].data, l->file[LK_FILE_CERTIFICATE].len},
        .key = {l->file[LK_FILE_CHANNEL_KEY].data, l->file[LK_FILE_CHANNEL_KEY].len},
        .ca = {l->file[LK_FILE_CA].data, l->file[LK_FILE_CA].len},
        .crl = {l->file[LK_FILE_CRL].data, l->file[LK_FILE_CRL].len}};
    lk_err err = lk_view_new(l->generation, l->conf, l->keys, &files, out, s->error, sizeof s->error);
    l->conf = NULL; /* taken over either way */
    l->keys = NULL;
    return err;
}

static lk_err say_uring(struct server *s, lk_err err)
{
    const char *where =
        err == -EPERM || err == -EACCES || err == -ENOSYS
            ? ": the host refuses io_uring. Look at sysctl kernel.io_uring_disabled (0 wanted), at the "
              "seccomp profile of the container (io_uring_setup, io_uring_enter, io_uring_register) and at "
              "SystemCallFilter= of the unit"
            : "";
    snprintf(s->error, sizeof s->error, "loop: %s%s", lk_err_text(err), where);
    return err;
}

static lk_err start_loop(struct server *s, uint32_t i)
{
    struct lk_loop_conf *conf = &s->loop_conf[i];
    conf->index = i;
    conf->cpu = s->plan.loop_cpu[i];
    conf->spin = (s->plan.loop_spins >> i & 1) != 0;
    conf->bell_fd = s->bell_fd[i];
    conf->workers = s->plan.workers;
    conf->view = s->view;
    conf->counters = &s->counters->thread[i];
    snprintf(conf->counters->thread, sizeof conf->counters->thread, "loop %u", i);
    lk_err err = lk_loop_start(conf, &s->loop[i]);
    if (err != LK_OK) return say_uring(s, err);
    s->loops_started++;
    return LK_OK;
}

static lk_err start_loops(struct server *s)
{
    for (uint32_t i = 0; i < s->plan.loops; i++)
        LK_TRY(start_loop(s, i));
    if (s->plan.one_process != 0) return LK_OK;
    lk_err err = lk_sandbox_front_rings_made();
    if (err != LK_OK) snprintf(s->error, sizeof s->error, "seccomp filter: %s", lk_err_text(err));
    return err;
}

static void order_loops(struct server *s, const struct lk_loop_order *order)
{
    for (uint32_t i = 0; i < s->loops_started; i++)
        lk_loop_order(s->loop[i], order);
}

static lk_err start_admin(struct server *s)
{
    if (s->admin_fd < 0) return LK_OK;
    const struct lk_admin_conf conf = {
        .listen_fd = s->admin_fd, .front = s->counters, .vault = s->vault_counters};
    s->admin_fd = -1;
    lk_err err = lk_admin_start(&conf, &s->admin);
    if (err != LK_OK) snprintf(s->error, sizeof s->error, "admin page: %s", lk_err_text(err));
    return err;
}

static lk_err use_first_view(struct server *s, struct lk_view *fresh)
{
    s->view = fresh;
    LK_TRY(start_loops(s));
    return start_admin(s);
}

static void swap_view(struct server *s, struct lk_view *fresh)
{
    const struct lk_loop_order order = {.kind = LK_ORDER_VIEW, .view = fresh};
    order_loops(s, &order); /* returns when each loop has begun a turn under it */
    lk_view_free(s->view);
    s->view = fresh;
}

static lk_err check_memlock(struct server *s)
{
    const struct lk_segment_shape shape = lk_plan_shape(&s->plan);
    size_t needed = 2 * lk_segment_bytes(&shape); /* two epochs at the change */
    if (s->plan.one_process != 0 || lk_child_may_lock(needed)) return LK_OK;
    snprintf(s->error, sizeof s->error,
             "front: %zu MiB of locked memory are needed for %u loops; RLIMIT_MEMLOCK allows less: raise "
             "LimitMEMLOCK= of the unit, or ulimit -l, to at least that",
             (needed >> 20) + 1, s->plan.loops);
    return LK_ERR_MEMORY;
}

static lk_err take_commit(struct server *s)
{
    if (s->load.conf == NULL) return LK_OK;
    LK_TRY(check_memlock(s));
    const struct file *f = &s->load.file[LK_FILE_CERTIFICATE];
    int64_t channel_expiry_s = lk_chain_expiry((struct lk_bytes){.data = f->data, .len = f->len});
    struct lk_view *fresh = NULL;
    LK_TRY(build_view(s, &fresh));
    if (s->view == NULL)
        LK_TRY(use_first_view(s, fresh));
    else
        swap_view(s, fresh);
    atomic_store(&s->counters->keys, lk_keystore_count(fresh->keys));
    atomic_store(&s->counters->generation, fresh->generation);
    atomic_store(&s->counters->channel_expiry_s, channel_expiry_s);
    atomic_store(&s->counters->certificate_expiry_s, s->load.expiry_s);
    drop_load(&s->load);
    return lk_channel_tell(s->channel, LK_M_READY, &fresh->generation, sizeof fresh->generation, -1);
}

/* --- orders: epochs, drain, end ----------------------------------------------------------------------- */

static lk_err take_epoch(struct server *s)
{
    uint64_t number;
    LK_REQUIRE(s->in.bytes == sizeof number && s->in.fd_count <= 1, LK_ERR_FORMAT);
    memcpy(&number, s->in.body, sizeof number);
    struct lk_segment *old = &s->segment[s->segment_now], *fresh = &s->segment[s->segment_now ^ 1];
    const struct lk_segment_shape shape = lk_plan_shape(&s->plan);
    *fresh = (struct lk_segment){.base = NULL};
    if (s->in.fd_count == 1) LK_TRY(lk_segment_map(&shape, number, s->in.fd[0], fresh));
    const struct lk_loop_order order = {.kind = LK_ORDER_EPOCH,
                                        .segment = fresh->base != NULL ? fresh : NULL};
    order_loops(s, &order); /* returns when no loop looks at the old one any more */
    lk_segment_unmap(old);
    s->segment_now ^= 1;
    atomic_store(&s->counters->epoch, number);
    atomic_store(&s->counters->ready, fresh->base != NULL && !s->draining ? 1 : 0);
    return lk_channel_tell(s->channel, LK_M_EPOCH_ACK, &number, sizeof number, -1);
}

static lk_err take_drain(struct server *s)
{
    const struct lk_loop_order order = {.kind = LK_ORDER_DRAIN};
    s->draining = true;
    atomic_store(&s->counters->ready, 0);
    order_loops(s, &order);
    return LK_OK;
}

static lk_err take_stop(struct server *s)
{
    s->stop = true;
    return LK_OK;
}

/* --- the control thread -------------------------------------------------------------------------------- */

/* load: an error of this order refuses the generation; else it ends the front. */
static const struct {
    uint32_t kind;
    bool load;
    lk_err (*take)(struct server *s);
} orders[] = {
    {LK_M_PLAN, false, take_plan},     {LK_M_COUNTERS, false, take_counters},
    {LK_M_LISTEN, false, take_listen}, {LK_M_CONF, true, take_conf},
    {LK_M_FILE, true, take_file},      {LK_M_KEY_PUBLIC, true, take_key_public},
    {LK_M_COMMIT, true, take_commit},  {LK_M_EPOCH, false, take_epoch},
    {LK_M_DRAIN, false, take_drain},   {LK_M_STOP, false, take_stop},
};

static lk_err refuse_load(struct server *s, lk_err err)
{
    uint64_t generation = s->load.generation;
    if (s->error[0] == 0) snprintf(s->error, sizeof s->error, "front: %s", lk_err_text(err));
    drop_load(&s->load);
    return lk_child_refuse(s->channel, generation, s->error);
}

static lk_err take_order(struct server *s)
{
    LK_TRY(lk_channel_receive(s->channel, &s->in));
    lk_err err = LK_ERR_UNKNOWN;
    s->error[0] = 0;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        if (orders[i].kind != s->in.kind) continue;
        err = orders[i].take(s);
        if (err != LK_OK && orders[i].load && err != LK_ERR_CLOSED) err = refuse_load(s, err);
        break;
    }
    lk_message_close(&s->in);
    return err;
}

/* What a loop found out that only the supervisor can mend; said once an epoch. */
static lk_err report_epoch(struct server *s)
{
    const struct lk_segment *now = &s->segment[s->segment_now];
    if (now->base == NULL || s->reported_epoch == now->epoch) return LK_OK;
    uint64_t lost = 0, pool = (uint64_t)s->plan.loops * (s->plan.small_per_loop + s->plan.large_per_loop);
    bool broken = false;
    for (uint32_t i = 0; i < s->loops_started; i++) {
        broken |= lk_loop_broken_epoch(s->loop[i]) == now->epoch;
        lost += lk_loop_slots_stuck(s->loop[i]);
    }
    if (!broken && lost <= pool / 4) return LK_OK;
    s->reported_epoch = now->epoch;
    uint32_t kind = broken ? LK_M_EPOCH_BROKEN : LK_M_SLOTS_LOST;
    return lk_channel_tell(s->channel, kind, &now->epoch, sizeof now->epoch, -1);
}

static lk_err tick(struct server *s)
{
    LK_TRY(report_epoch(s));
    uint64_t conns = 0;
    for (uint32_t i = 0; i < s->loops_started; i++)
        conns += lk_loop_conns(s->loop[i]);
    if (s->counters != NULL) {
        atomic_store(&s->counters->conns, conns);
        atomic_store(&s->counters->cpu_ns, lk_child_cpu_ns());
    }
    if (!s->draining || conns > 0) return LK_OK;
    s->draining = false; /* said once */
    return lk_channel_tell(s->channel, LK_M_DRAINED, NULL, 0, -1);
}

static lk_err serve(struct server *s)
{
    while (!s->stop) {
        struct pollfd p = {.fd = s->channel, .events = POLLIN};
        int n = poll(&p, 1, s->draining ? 10 : TICK_MS);
        if (n < 0 && errno != EINTR) return -errno;
        if (n > 0) LK_TRY(take_order(s));
        LK_TRY(tick(s));
    }
    return LK_OK;
}

static void end(struct server *s)
{
    if (s->counters != NULL) atomic_store(&s->counters->ready, 0);
    const struct lk_loop_order order = {.kind = LK_ORDER_STOP};
    order_loops(s, &order);
    for (uint32_t i = 0; i < s->loops_started; i++)
        lk_loop_join(s->loop[i]);
    lk_admin_stop(s->admin);
    lk_view_free(s->view);
    drop_load(&s->load);
    lk_segment_unmap(&s->segment[s->segment_now]);
    close(s->channel);
}

int lk_server_run(int channel)
{
    struct server *s = calloc(1, sizeof *s);
    LK_ASSERT(s != NULL);
    s->channel = channel;
    s->admin_fd = -1;
    lk_err err = serve(s);
    if (err != LK_OK && err != LK_ERR_CLOSED)
        lk_log(LK_LOG_ERROR, "front ends", LK_F_STR("error", lk_err_text(err)), LK_F_STR("what", s->error));
    end(s);
    free(s);
    return err == LK_OK || err == LK_ERR_CLOSED ? 0 : 1;
}

int lk_server_main(int channel)
{
    lk_sandbox_dumps_off();
    /* What libssl wants to read from disk it reads now or never. */
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    lk_err err = lk_sandbox_front();
    if (err != LK_OK) {
        lk_child_refuse_start(channel, "front: sandbox: Landlock has to be in the kernel's lsm= list, and seccomp allowed", err);
        return 1;
    }
    return lk_server_run(channel);
}
