#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "io/supervisor.h"

#define KEYS_UNDER_WAY_MAX 32u /* so that neither side waits for the other to read */
#define KEYS_PER_TURN_MAX 128u
#define FAULTS_TOLD_MAX 5u

/* --- epochs ----------------------------------------------------------------------------------- */

static lk_err tell_epoch(struct lk_supervisor *s, struct lk_ward *w)
{
    if (w->child.channel < 0 || !w->ready) return LK_OK;
    return lk_channel_tell(w->child.channel, LK_M_EPOCH, &s->epoch, sizeof s->epoch, s->epoch_fd);
}

static void new_segment(struct lk_supervisor *s)
{
    const struct lk_segment_shape shape = lk_plan_shape(&s->plan);
    if (s->epoch_fd >= 0) close(s->epoch_fd);
    s->epoch_fd = -1;
    s->epoch++;
    lk_err err = lk_segment_make(&shape, &s->epoch_fd);
    if (err != LK_OK) {
        lk_log(LK_LOG_ERROR, "no segment", LK_F_STR("error", lk_err_text(err)));
        s->failed = s->ended = true;
    }
}

void lk_epoch_begin(struct lk_supervisor *s)
{
    new_segment(s);
    s->epoch_wanted = false;
    lk_log(LK_LOG_INFO, "epoch begins", LK_F_U64("epoch", s->epoch));
    if (s->ended) return;
    if (tell_epoch(s, &s->vault) != LK_OK) lk_child_kill(&s->vault.child);
    if (tell_epoch(s, &s->front) != LK_OK) lk_child_kill(&s->front.child);
}

void lk_epoch_end(struct lk_supervisor *s)
{
    if (s->epoch_fd < 0) return;
    close(s->epoch_fd);
    s->epoch_fd = -1;
    s->epoch++;
    s->epoch_wanted = true;
    if (tell_epoch(s, &s->front) != LK_OK) lk_child_kill(&s->front.child);
}

/* --- the end of a rollout --------------------------------------------------------------------- */

static void answer_client(struct lk_supervisor *s, const char *error)
{
    struct lk_rollout *r = &s->rollout;
    if (!r->has_client) return;
    json_t *reply = error == NULL ? lk_control_good() : lk_control_bad(error);
    json_object_set_new(reply, "generation", json_integer((json_int_t)s->current->generation));
    lk_control_answer(&s->control, r->client, reply);
}

/* The vault committed it, and the front did not. */
static void take_back(struct lk_supervisor *s)
{
    if (s->vault.child.channel < 0 || s->next == NULL || s->rollout.step != LK_ROLLOUT_FRONT)
        return;
    const uint64_t body[2] = {s->next->generation, s->current->generation};
    if (lk_channel_tell(s->vault.child.channel, LK_M_TAKE_BACK, body, sizeof body, -1) != LK_OK)
        lk_child_kill(&s->vault.child);
}

/* The old generation stays everywhere; without one the program ends. */
static void give_up(struct lk_supervisor *s, const char *why)
{
    bool fresh = s->rollout.fresh;
    if (!fresh) {
        lk_log(LK_LOG_ERROR, "the current generation cannot be loaded again", LK_F_STR("why", why));
    } else if (s->current != NULL) {
        lk_log(LK_LOG_ERROR, "reload refused, the old configuration stays", LK_F_STR("why", why));
        take_back(s);
        answer_client(s, why);
        /* The first line alone: behind its end the service manager reads orders. */
        sd_notifyf(0, "READY=1\nSTATUS=Reload refused: %.*s", (int)strcspn(why, "\r\n"), why);
        lk_bundle_free(s->next);
        s->next = NULL;
    } else {
        fprintf(stderr, "lurkd: %s\n", why);
        s->failed = s->ended = true;
    }
    s->rollout = (struct lk_rollout){.step = LK_ROLLOUT_NONE};
}

static void say_serving(struct lk_supervisor *s)
{
    uint32_t keys = lk_bundle_key_count(s->current);
    sd_notifyf(0, "READY=1\nSTATUS=Serving %u keys, generation %llu", keys,
               (unsigned long long)s->current->generation);
    lk_log(LK_LOG_NOTICE, s->rollout.fresh && s->serving ? "reloaded" : "serving",
           LK_F_U64("keys", keys), LK_F_U64("generation", s->current->generation),
           LK_F_U64("epoch", s->epoch),
           LK_F_U64("ms", (lk_clock_now_ns() - s->rollout.started_ns) / LK_NS_PER_MS));
    s->serving = true;
}

static void finish(struct lk_supervisor *s)
{
    if (s->rollout.fresh) {
        lk_bundle_free(s->current);
        s->current = s->next;
        s->next = NULL;
    }
    if (s->epoch_fd < 0) s->epoch_wanted = true;
    if (s->epoch_wanted && !s->vault.gone) lk_epoch_begin(s);
    if (lk_channel_tell(s->vault.child.channel, LK_M_RETIRE, &s->current->generation,
                        sizeof s->current->generation, -1) != LK_OK)
        lk_child_kill(&s->vault.child);
    say_serving(s);
    answer_client(s, NULL);
    s->rollout = (struct lk_rollout){.step = LK_ROLLOUT_NONE};
}

/* --- to the vault
 * ----------------------------------------------------------------------------------- */

/* A key that cannot be served: a fresh generation is refused for it (all of them are named
 * first). */
static void key_failed(struct lk_supervisor *s, const char *text)
{
    struct lk_rollout *r = &s->rollout;
    lk_log(LK_LOG_ERROR, r->fresh ? "key refused" : "key left out", LK_F_STR("what", text));
    if (r->faults++ >= FAULTS_TOLD_MAX) return;
    size_t len = r->faults == 1 ? 0 : strlen(s->error);
    snprintf(s->error + len, sizeof s->error - len, "%s%s", len > 0 ? "\n" : "", text);
}

static void close_fds(const int *fd, int count)
{
    for (int i = 0; i < count; i++)
        if (fd[i] >= 0) close(fd[i]);
}

/* The vault hashes TLS's Certificate from fingerprints, or judges certificate requests by the names
 * of the key's own. */
static bool needs_certificates(const struct lk_conf_key *key)
{
    return (key->uses & LK_USE_TLS13_SIGN) != 0 || (key->flags & LK_FLAG_REQUEST) != 0;
}

static lk_err send_key(struct lk_supervisor *s, uint32_t index)
{
    char text[LK_PATH_BYTES_MAX * 2 + 512];
    const struct lk_bundle *b = s->rollout.bundle;
    int fd[3] = {-1, -1, -1}; /* key, passphrase, chain */
    lk_err opened = lk_bundle_open_key(b, index, fd, text, sizeof text);
    if (opened == LK_OK && needs_certificates(&b->conf->keys[index])) {
        opened = lk_bundle_open_chain(b, index, &fd[2], text, sizeof text);
        if (opened != LK_OK) close_fds(fd, 2);
    }
    if (opened != LK_OK) {
        key_failed(s, text);
        s->rollout.answered++;
        return LK_OK;
    }
    struct lk_message *m = &s->message;
    struct lk_key_message body = {.index = index};
    m->fd_count = 0;
    for (int i = 0; i < 3; i++) {
        if (fd[i] < 0) continue;
        m->fd[m->fd_count++] = fd[i];
        if (i > 0) body.files |= 1u << (i - 1);
    }
    m->kind = LK_M_KEY;
    m->bytes = sizeof body;
    memcpy(m->body, &body, sizeof body);
    lk_err err = lk_channel_send(s->vault.child.channel, m);
    lk_message_close(m);
    return err;
}

static lk_err tell_generation(const struct lk_supervisor *s, const struct lk_ward *to,
                              uint32_t kind, int fd)
{
    const uint64_t generation = s->rollout.bundle->generation;
    return lk_channel_tell(to->child.channel, kind, &generation, sizeof generation, fd);
}

static lk_err turn_vault(struct lk_supervisor *s)
{
    struct lk_rollout *r = &s->rollout;
    if (!r->told) {
        lk_bundle_forget_publics(r->bundle);
        r->bundle->generation = ++s->generation;
        s->error[0] = 0;
        s->vault.wants_load = false;
        LK_TRY(tell_generation(s, &s->vault, LK_M_CONF, r->bundle->conf_fd));
        r->told = true;
    }
    while (r->sent < r->bundle->conf->key_count && r->sent - r->answered < KEYS_UNDER_WAY_MAX)
        LK_TRY(send_key(s, r->sent++));
    if (r->committed || r->answered < r->bundle->conf->key_count) return LK_OK;
    if (r->fresh && r->faults > 0) {
        give_up(s, s->error);
        return LK_OK;
    }
    r->committed = true;
    return tell_generation(s, &s->vault, LK_M_COMMIT, -1);
}

/* --- to the front
 * ------------------------------------------------------------------------------------ */

static lk_err tell_file(const struct lk_supervisor *s, uint32_t role, uint32_t index, int fd)
{
    const uint32_t body[2] = {role, index};
    return lk_channel_tell(s->front.child.channel, LK_M_FILE, body, sizeof body, fd);
}

static lk_err send_chain(struct lk_supervisor *s, uint32_t index)
{
    char text[LK_PATH_BYTES_MAX * 2 + 512];
    int fd;
    if (lk_bundle_open_chain(s->rollout.bundle, index, &fd, text, sizeof text) != LK_OK) {
        key_failed(s, text);
        return LK_OK;
    }
    if (fd < 0) return LK_OK;
    lk_err err = tell_file(s, LK_FILE_CHAIN, index, fd);
    close(fd);
    return err;
}

static lk_err send_public(struct lk_supervisor *s, uint32_t index)
{
    const struct lk_bundle_public *p = &s->rollout.bundle->public[index];
    if (p->body == NULL) return LK_OK;
    LK_TRY(send_chain(s, index));
    return lk_channel_tell(s->front.child.channel, LK_M_KEY_PUBLIC, p->body, p->bytes, -1);
}

static lk_err send_head(struct lk_supervisor *s)
{
    const struct lk_bundle *b = s->rollout.bundle;
    LK_TRY(tell_generation(s, &s->front, LK_M_CONF, b->conf_fd));
    for (uint32_t role = 0; role <= LK_FILE_CRL; role++)
        if (b->file_fd[role] >= 0) LK_TRY(tell_file(s, role, 0, b->file_fd[role]));
    return LK_OK;
}

static lk_err turn_front(struct lk_supervisor *s)
{
    struct lk_rollout *r = &s->rollout;
    if (s->front.child.channel < 0) return LK_OK; /* it will be started */
    if (!r->told) {
        s->front.wants_load = false;
        LK_TRY(send_head(s));
        r->told = true;
    }
    for (uint32_t n = 0; n < KEYS_PER_TURN_MAX && r->sent < r->bundle->conf->key_count; n++)
        LK_TRY(send_public(s, r->sent++));
    if (r->committed || r->sent < r->bundle->conf->key_count) return LK_OK;
    if (r->fresh && r->faults > 0) {
        give_up(s, s->error);
        return LK_OK;
    }
    r->committed = true;
    return tell_generation(s, &s->front, LK_M_COMMIT, -1);
}

/* --- beginnings
 * ---------------------------------------------------------------------------------------- */

static void begin(struct lk_supervisor *s, struct lk_bundle *bundle, enum lk_rollout_step step)
{
    s->rollout = (struct lk_rollout){.step = step,
                                     .bundle = bundle,
                                     .fresh = bundle == s->next,
                                     .started_ns = lk_clock_now_ns()};
}

static void begin_what_is_due(struct lk_supervisor *s)
{
    struct lk_bundle *bundle = s->current != NULL ? s->current : s->next;
    if (s->vault.child.channel < 0 || s->vault.gone || s->draining || s->ended) return;
    if (s->vault.wants_load)
        begin(s, bundle, LK_ROLLOUT_VAULT);
    else if (s->front.wants_load && s->front.child.channel >= 0 && s->vault.ready)
        begin(s, bundle, LK_ROLLOUT_FRONT);
    else if (s->reload_wanted && s->vault.ready && s->front.ready)
        lk_rollout_reload(s);
}

/* After a breach: nobody loads anything, and both children wait for a segment. */
static bool epoch_is_due(const struct lk_supervisor *s)
{
    return s->epoch_wanted && s->rollout.step == LK_ROLLOUT_NONE && s->vault.ready &&
           !s->vault.gone && s->front.ready && !s->ended && lk_clock_now_ns() >= s->epoch_after_ns;
}

bool lk_rollout_turn(struct lk_supervisor *s)
{
    struct lk_rollout *r = &s->rollout;
    if (epoch_is_due(s)) lk_epoch_begin(s);
    if (r->step == LK_ROLLOUT_NONE) begin_what_is_due(s);
    lk_err err = LK_OK;
    struct lk_ward *ward = r->step == LK_ROLLOUT_VAULT ? &s->vault : &s->front;
    if (r->step == LK_ROLLOUT_VAULT) err = turn_vault(s);
    if (r->step == LK_ROLLOUT_FRONT) err = turn_front(s);
    if (err != LK_OK) {
        lk_log(LK_LOG_ERROR, "a child takes no orders", LK_F_STR("child", ward->name),
               LK_F_STR("error", lk_err_text(err)));
        lk_child_kill(&ward->child);
        s->rollout.told = s->rollout.committed =
            true; /* nothing more is sent until its death is seen */
        return false;
    }
    return r->step == LK_ROLLOUT_FRONT && r->told && !r->committed;
}

static void load_next(struct lk_supervisor *s)
{
    char text[LK_PATH_BYTES_MAX];
    lk_err err = lk_bundle_open(s->options.conf_path, &s->next, s->error, sizeof s->error);
    if (err != LK_OK) {
        if (s->error[0] == 0) snprintf(s->error, sizeof s->error, "%s", lk_err_text(err));
        return;
    }
    if (lk_conf_reloadable(s->current->conf, s->next->conf, text, sizeof text)) return;
    snprintf(s->error, sizeof s->error, "%s: these options need a restart: %s",
             s->options.conf_path, text);
    lk_bundle_free(s->next);
    s->next = NULL;
}

void lk_rollout_reload(struct lk_supervisor *s)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
               (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    s->reload_wanted = false;
    s->error[0] = 0;
    load_next(s);
    bool good = s->next != NULL;
    begin(s, s->next, LK_ROLLOUT_VAULT);
    s->rollout.fresh = true;
    s->rollout.has_client = s->reload_has_client;
    s->rollout.client = s->reload_client;
    s->reload_has_client = false;
    if (!good) give_up(s, s->error);
}

void lk_rollout_death(struct lk_supervisor *s, const struct lk_ward *ward)
{
    struct lk_rollout *r = &s->rollout;
    bool part = r->step == LK_ROLLOUT_FRONT || (r->step == LK_ROLLOUT_VAULT && ward == &s->vault);
    if (!part) return;
    char why[128];
    snprintf(why, sizeof why, "the %s ended while it loaded the new generation", ward->name);
    if (r->fresh && s->current != NULL)
        give_up(s, why);
    else
        *r = (struct lk_rollout){
            .step = LK_ROLLOUT_NONE}; /* begins again with the restarted child */
    if (s->current == NULL && ward == &s->front) s->front.wants_load = true;
}

/* --- what the children say
 * ------------------------------------------------------------------------------- */

static lk_err hear_public(struct lk_supervisor *s, struct lk_message *m)
{
    struct lk_rollout *r = &s->rollout;
    struct lk_key_public_message head;
    LK_REQUIRE(r->step == LK_ROLLOUT_VAULT && r->answered < r->sent, LK_ERR_REFUSED);
    LK_TRY(lk_bundle_keep_public(r->bundle, m));
    r->answered++;
    memcpy(&head, m->body, sizeof head);
    const struct lk_conf_key *key = &r->bundle->conf->keys[head.index];
    const char *fault = lk_conf_key_uses_fault(key, (enum lk_key_kind)head.kind);
    if (fault == NULL) return LK_OK;
    char text[LK_PATH_BYTES_MAX + 512];
    snprintf(text, sizeof text, "%s:%u: key %s: %s", r->bundle->path, key->line, key->name, fault);
    key_failed(s, text);
    return LK_OK;
}

static lk_err hear_fault(struct lk_supervisor *s, const struct lk_message *m)
{
    struct lk_rollout *r = &s->rollout;
    uint32_t body[2];
    LK_REQUIRE(r->step == LK_ROLLOUT_VAULT && r->answered < r->sent && m->bytes == sizeof body,
               LK_ERR_REFUSED);
    memcpy(body, m->body, sizeof body);
    LK_REQUIRE(body[0] < r->bundle->conf->key_count && body[1] < LK_KEY_FAULT_COUNT, LK_ERR_RANGE);
    const struct lk_conf_key *key = &r->bundle->conf->keys[body[0]];
    char text[LK_PATH_BYTES_MAX * 2 + 512];
    snprintf(text, sizeof text, "%s:%u: key %s: %s: %s", r->bundle->path, key->line, key->name,
             key->file, lk_key_fault_text((enum lk_key_fault)body[1]));
    r->answered++;
    key_failed(s, text);
    return LK_OK;
}

static lk_err hear_ready(struct lk_supervisor *s, struct lk_ward *from, const struct lk_message *m)
{
    struct lk_rollout *r = &s->rollout;
    uint64_t generation;
    LK_REQUIRE(m->bytes == sizeof generation && r->step != LK_ROLLOUT_NONE && r->committed,
               LK_ERR_REFUSED);
    memcpy(&generation, m->body, sizeof generation);
    bool due = from == (r->step == LK_ROLLOUT_VAULT ? &s->vault : &s->front);
    LK_REQUIRE(due && generation == r->bundle->generation, LK_ERR_REFUSED);
    if (!from->ready) from->ready_ns = lk_clock_now_ns();
    from->ready = true;
    if (from == &s->front) {
        finish(s);
        return LK_OK;
    }
    r->step = LK_ROLLOUT_FRONT;
    r->told = r->committed = false;
    r->sent = r->faults = 0;
    return LK_OK;
}

static lk_err hear_refused(struct lk_supervisor *s, struct lk_ward *from,
                           const struct lk_message *m)
{
    uint64_t generation;
    LK_REQUIRE(m->bytes >= sizeof generation, LK_ERR_FORMAT);
    memcpy(&generation, m->body, sizeof generation);
    char text[2048];
    size_t len = m->bytes - sizeof generation;
    if (len >= sizeof text) len = sizeof text - 1;
    memcpy(text, m->body + sizeof generation, len);
    text[len] = 0;
    for (size_t i = 0; i < len; i++) /* it goes to logs and terminals, and a child wrote it */
        if ((text[i] >= 0 && text[i] < ' ' && text[i] != '\n') || text[i] == 0x7f) text[i] = '?';
    if (s->rollout.step == LK_ROLLOUT_NONE) { /* before any order, or too late to matter */
        lk_log(LK_LOG_ERROR, "a child refuses", LK_F_STR("child", from->name),
               LK_F_STR("why", text));
        return generation == 0 ? LK_ERR_REFUSED : LK_OK;
    }
    bool again = !s->rollout.fresh;
    bool of_conf = (text[0] >= '0' && text[0] <= '9') || strncmp(text, "channel ", 8) == 0;
    if (of_conf) lk_bundle_say_where(s->rollout.bundle, text, sizeof text);
    give_up(s, text);
    return again ? LK_ERR_REFUSED : LK_OK; /* killed and started again, with back-off */
}

static lk_err hear_withdrawn(struct lk_supervisor *s, const struct lk_message *m)
{
    uint64_t handle;
    LK_REQUIRE(m->bytes == sizeof handle, LK_ERR_FORMAT);
    memcpy(&handle, m->body, sizeof handle);
    struct lk_bundle *bundles[2] = {s->current, s->next};
    for (size_t i = 0; i < 2; i++) {
        int index = bundles[i] != NULL ? lk_bundle_find(bundles[i], handle) : -1;
        if (index < 0) continue;
        lk_log(LK_LOG_ERROR, "key withdrawn: its factors are not prime",
               LK_F_STR("key", bundles[i]->conf->keys[index].name),
               LK_F_STR("file", bundles[i]->conf->keys[index].file));
        lk_bundle_drop_public(bundles[i], (uint32_t)index);
        s->front.wants_load = s->front.ready;
    }
    return LK_OK;
}

static lk_err hear_broken(struct lk_supervisor *s, const struct lk_ward *from,
                          const struct lk_message *m)
{
    uint64_t epoch;
    LK_REQUIRE(m->bytes == sizeof epoch, LK_ERR_FORMAT);
    memcpy(&epoch, m->body, sizeof epoch);
    if (epoch != s->epoch || s->epoch_fd < 0) return LK_OK; /* of an epoch that is over anyway */
    struct lk_ward *at_fault = from == &s->vault ? &s->front : &s->vault;
    lk_log(LK_LOG_ERROR, "epoch broken: the other side wrote an absurd index",
           LK_F_STR("seen_by", from->name), LK_F_STR("at_fault", at_fault->name),
           LK_F_U64("epoch", epoch));
    lk_supervise_breach(s, at_fault);
    lk_epoch_end(s);
    return LK_OK;
}

static lk_err hear_lost(struct lk_supervisor *s, const struct lk_ward *from,
                        const struct lk_message *m)
{
    uint64_t epoch;
    LK_REQUIRE(m->bytes == sizeof epoch && from == &s->front, LK_ERR_FORMAT);
    memcpy(&epoch, m->body, sizeof epoch);
    if (epoch != s->epoch || s->epoch_fd < 0) return LK_OK;
    lk_log(LK_LOG_ERROR, "more than a quarter of the slots are lost: the vault is ended",
           LK_F_U64("epoch", epoch));
    lk_child_kill(&s->vault.child);
    return LK_OK;
}

lk_err lk_rollout_hear(struct lk_supervisor *s, struct lk_ward *from, struct lk_message *m)
{
    switch (m->kind) {
    case LK_M_READY: return hear_ready(s, from, m);
    case LK_M_REFUSED: return hear_refused(s, from, m);
    case LK_M_EPOCH_ACK: return LK_OK;
    case LK_M_EPOCH_BROKEN: return hear_broken(s, from, m);
    case LK_M_KEY_PUBLIC: return from == &s->vault ? hear_public(s, m) : LK_ERR_REFUSED;
    case LK_M_KEY_FAULT: return from == &s->vault ? hear_fault(s, m) : LK_ERR_REFUSED;
    case LK_M_KEY_WITHDRAWN: return from == &s->vault ? hear_withdrawn(s, m) : LK_ERR_REFUSED;
    case LK_M_SLOTS_LOST: return hear_lost(s, from, m);
    case LK_M_DRAINED:
        if (from != &s->front || !s->draining) return LK_ERR_REFUSED;
        s->drained = true;
        return LK_OK;
    default: return LK_ERR_UNKNOWN;
    }
}
