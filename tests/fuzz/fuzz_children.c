/* Bytes as what two children say to their supervisor, who asks and tells as it does in a rollout.
 * What a child may not say is refused; what is taken leaves the rollout whole; a front changes no
 * public key. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/supervisor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEYS 3

static const char conf_text[] =
    "channel: {certificate: /c/cert.pem, key: /c/key.pem, ca: /c/ca.pem}\n"
    "listen: [{address: 127.0.0.1, port: 7000, transport: tls}]\n"
    "tenants: [{name: a}]\n"
    "keys:\n- {name: r, tenant: a, file: /nowhere/r, uses: [tls12-rsa]}\n"
    "- {name: p, tenant: a, file: /nowhere/p, uses: [tls12-sign]}\n"
    "- {name: e, tenant: a, file: /nowhere/e, uses: [tls12-sign]}\n"
    "edges:\n- {name: one, tenant: a, match: 'uri:lurk://edge/1'}\n"
    "rules:\n- {name: every, tenant: a, edges: all, keys: all, hashes: [sha256], exchanges: all}\n";

static struct lk_supervisor s;
static int far_end[2]; /* of the front, of the vault */

static struct lk_bundle *bundle_new(uint64_t generation)
{
    char error[1024];
    struct lk_bundle *b = calloc(1, sizeof *b);
    LK_ASSERT(b != NULL);
    *b = (struct lk_bundle){.generation = generation, .conf_fd = open("/dev/null", O_RDONLY)};
    for (size_t i = 0; i <= LK_FILE_CRL; i++)
        b->file_fd[i] = -1;
    struct lk_bytes text = lk_bytes_of(conf_text, sizeof conf_text - 1);
    LK_ASSERT(lk_conf_parse("fuzz", text, &b->conf, error, sizeof error) == LK_OK);
    b->public = calloc(KEYS + 1, sizeof *b->public);
    LK_ASSERT(b->public != NULL && b->conf->key_count == KEYS);
    return b;
}

/* A threaded child is ended by shutting its channel down. */
static void ward_new(struct lk_ward *w, const char *name, int *other)
{
    int pair[2];
    LK_ASSERT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
    *w = (struct lk_ward){.name = name};
    w->child.channel = pair[0];
    w->child.pidfd = -1;
    w->child.threaded = true;
    *other = pair[1];
}

static void begin(uint8_t how)
{
    s.epoch_fd = s.control.fd = -1;
    s.plan = (struct lk_plan_message){
        .loops = 1, .workers = 1, .small_per_loop = 2, .large_per_loop = 1};
    s.next = bundle_new(0);
    if ((how & 7) != 0) s.current = bundle_new(0);
    s.draining = (how & 8) != 0;
    ward_new(&s.front, "front", &far_end[0]);
    ward_new(&s.vault, "vault", &far_end[1]);
    s.vault.wants_load = s.front.wants_load = true;
}

static void finish(void)
{
    for (size_t i = 0; i < 2; i++)
        close(far_end[i]);
    close(s.front.child.channel);
    close(s.vault.child.channel);
    if (s.epoch_fd >= 0) close(s.epoch_fd);
    lk_bundle_free(s.current);
    lk_bundle_free(s.next);
    memset(&s, 0, sizeof s);
}

static uint64_t publics_of(const struct lk_bundle *b)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; b != NULL && i < KEYS; i++)
        sum = sum * 31 + (uintptr_t)b->public[i].body + b->public[i].bytes;
    return sum;
}

static void check(void)
{
    const struct lk_rollout *r = &s.rollout;
    LK_ASSERT(r->answered <= r->sent && r->sent <= KEYS);
    LK_ASSERT(r->step == LK_ROLLOUT_NONE || r->bundle == s.current || r->bundle == s.next);
    LK_ASSERT(s.current == NULL || s.current != s.next);
    LK_ASSERT(!s.drained || s.draining);
    const struct lk_bundle *both[2] = {s.current, s.next};
    for (size_t b = 0; b < 2; b++)
        for (uint32_t i = 0; both[b] != NULL && i < KEYS; i++)
            LK_ASSERT(both[b]->public[i].body == NULL ||
                      both[b]->public[i].bytes >= sizeof(struct lk_key_public_message));
}

/* What the supervisor sent is read and forgotten. */
static void drain(void)
{
    static struct lk_message m;
    for (size_t i = 0; i < 2; i++)
        while (lk_channel_receive(far_end[i], &m) == LK_OK)
            lk_message_close(&m);
}

/* Bytes that an honest child would have to know, put where they belong. */
static void make_fit(uint8_t *body, size_t len, uint8_t how)
{
    uint64_t generation = s.rollout.bundle != NULL ? s.rollout.bundle->generation : 0;
    uint64_t word = (how & 0x20) != 0 ? s.epoch : generation;
    if ((how & 0x40) != 0) word = generation << 32;
    if ((how & 0x60) != 0 && len >= sizeof word) memcpy(body, &word, sizeof word);
    struct lk_key_public_message head;
    if ((how & 0x40) == 0 || len < sizeof head) return;
    memcpy(&head, body, sizeof head);
    head.spki_bytes = (uint32_t)(len - sizeof head);
    head.rsa_public_bytes = 0;
    memcpy(body, &head, sizeof head);
}

static void say(struct lk_cursor *c, uint8_t how)
{
    uint8_t packet[4 + 512] = {0};
    bool vault = (how & 0x10) != 0;
    uint32_t kind = lk_cursor_u8(c);
    struct lk_bytes body = lk_cursor_vec8(c);
    if (c->bad) return;
    memcpy(packet, &kind, sizeof kind);
    if (body.len > 0) memcpy(packet + 4, body.data, body.len);
    if ((how & 0x80) == 0) make_fit(packet + 4, body.len, how);
    size_t len = (how & 0x0f) == 0x0f ? body.len % 4 + 1 : 4 + body.len;
    if (send(far_end[vault], packet, len, MSG_NOSIGNAL) < 0) return;
    struct lk_ward *from = vault ? &s.vault : &s.front;
    uint64_t before = publics_of(s.current) + publics_of(s.next), epoch = s.epoch;
    lk_err err = lk_channel_receive(from->child.channel, &s.message);
    if (err == LK_OK) {
        err = lk_rollout_hear(&s, from, &s.message);
        lk_message_close(&s.message);
    }
    LK_ASSERT(vault || publics_of(s.current) + publics_of(s.next) == before || kind == LK_M_READY ||
              kind == LK_M_REFUSED);
    LK_ASSERT(s.epoch - epoch <= 1);
    if (err != LK_OK) lk_rollout_death(&s, from); /* as it is killed for it */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lk_log_level((enum lk_log_level)-1); /* nothing at all */
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(data, size));
    begin(lk_cursor_u8(&c));
    while (!c.bad && lk_cursor_left(&c) > 0) {
        uint8_t how = lk_cursor_u8(&c);
        if ((how & 0x0f) < 6)
            (void)lk_rollout_turn(&s);
        else
            say(&c, how);
        check();
        drain();
    }
    finish();
    return 0;
}
