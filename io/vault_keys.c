#include "io/vault_keys.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "io/chain.h"
#include "io/secret.h"

#define BUCKETS                                                                                    \
    65536u /* of contents, by hash; LK_KEYS_MAX keys in two generations: three a bucket */
#define PASSPHRASE_BYTES_MAX 1024u
#define JUDGE_STACK_BYTES ((size_t)256 << 10)

enum prime_state { PRIME_UNKNOWN, PRIME_GOOD, PRIME_BAD };

/* One content of a key file, shared by every generation that has it. */
struct content {
    uint8_t hash[LK_SHA256_BYTES];
    struct lk_engine_key *engine;
    struct lk_chain chain;
    struct lk_certs *certs;      /* of chain and of the engine's public key */
    struct lk_cert_names *names; /* of the chain's first; NULL: there is none, or not readable */
    uint32_t uses; /* keys, and the judge while it works on it */
    _Atomic int prime;
    struct content *next;       /* in its bucket */
    struct content *next_judge; /* in the judge's queue */
};

/* A place in the keyring: the low half of a handle. */
struct place {
    struct content *content; /* NULL: free */
    struct lk_key key;
};

struct lk_vault_keys {
    unsigned workers;
    struct content *bucket[BUCKETS];
    struct place *place;
    uint32_t places;
    uint64_t generation; /* newest committed */
    uint32_t count;      /* keys in it */

    /* a load under way */
    const struct lk_conf *conf;
    uint64_t loading;
    uint32_t first; /* place of key 0 */
    uint32_t added;

    /* the judge: primality, off the control thread */
    pthread_t judge;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct content *queue, *judged; /* under lock */
    bool stop;                      /* under lock */
    int event_fd;
};

/* --- the judge ------------------------------------------------------------------------------- */

static struct content *next_to_judge(struct lk_vault_keys *keys)
{
    pthread_mutex_lock(&keys->lock);
    while (keys->queue == NULL && !keys->stop)
        pthread_cond_wait(&keys->wake, &keys->lock);
    struct content *c = keys->stop ? NULL : keys->queue;
    if (c != NULL) keys->queue = c->next_judge;
    pthread_mutex_unlock(&keys->lock);
    return c;
}

static void judge_run(void *arg)
{
    struct lk_vault_keys *keys = arg;
    struct content *c;
    while ((c = next_to_judge(keys)) != NULL) {
        bool good = lk_engine_key_primes_good(c->engine);
        atomic_store(&c->prime, good ? PRIME_GOOD : PRIME_BAD);
        pthread_mutex_lock(&keys->lock);
        c->next_judge = keys->judged;
        keys->judged = c;
        pthread_mutex_unlock(&keys->lock);
        uint64_t one = 1;
        (void)!write(keys->event_fd, &one, sizeof one);
    }
}

static void *judge_main(void *keys)
{
    pthread_setname_np(pthread_self(), "primality");
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 19);
    lk_err err = lk_secret_run(judge_run, keys, JUDGE_STACK_BYTES);
    LK_ASSERT(err == LK_OK);
    return NULL;
}

static void ask_judge(struct lk_vault_keys *keys, struct content *c)
{
    c->uses++; /* until the verdict is taken */
    pthread_mutex_lock(&keys->lock);
    c->next_judge = keys->queue;
    keys->queue = c;
    pthread_cond_signal(&keys->wake);
    pthread_mutex_unlock(&keys->lock);
}

lk_err lk_vault_keys_new(unsigned workers, int event_fd, struct lk_vault_keys **out)
{
    struct lk_vault_keys *keys = calloc(1, sizeof *keys);
    LK_REQUIRE(keys != NULL, LK_ERR_MEMORY);
    keys->workers = workers;
    keys->event_fd = event_fd;
    pthread_mutex_init(&keys->lock, NULL);
    pthread_cond_init(&keys->wake, NULL);
    int failed = pthread_create(&keys->judge, NULL, judge_main, keys);
    if (failed != 0) {
        free(keys);
        return -failed;
    }
    *out = keys;
    return LK_OK;
}

void lk_vault_keys_free(struct lk_vault_keys *keys)
{
    if (keys == NULL) return;
    pthread_mutex_lock(&keys->lock);
    keys->stop = true;
    pthread_cond_signal(&keys->wake);
    pthread_mutex_unlock(&keys->lock);
    pthread_join(keys->judge, NULL);
    for (size_t b = 0; b < BUCKETS; b++)
        for (struct content *c = keys->bucket[b]; c != NULL; c = c->next)
            c->uses = 0;
    lk_vault_keys_sweep(keys);
    free(keys->place);
    free(keys);
}

/* --- contents -------------------------------------------------------------------------------- */

static struct content **bucket_of(struct lk_vault_keys *keys, const uint8_t *hash)
{
    return &keys->bucket[((unsigned)hash[0] << 8 | hash[1]) % BUCKETS];
}

static struct content *find_content(struct lk_vault_keys *keys, const uint8_t *hash)
{
    for (struct content *c = *bucket_of(keys, hash); c != NULL; c = c->next)
        if (memcmp(c->hash, hash, LK_SHA256_BYTES) == 0) return c;
    return NULL;
}

/* text, then a zero byte, then the passphrase and its zero byte: in secret memory. */
struct key_text {
    char *text;
    size_t bytes;           /* of the key file */
    const char *passphrase; /* NULL: none */
    size_t total;
    struct lk_bytes chain; /* PEM: public, of ordinary memory; empty: none */
};

static void content_free(struct content *c)
{
    if (c->engine != NULL) lk_engine_key_free(c->engine);
    lk_chain_free(&c->chain);
    free(c->certs);
    free(c->names);
    free(c);
}

/* Names that cannot be read bound no requests; the front says so where the key is open for them. */
static lk_err read_names(struct content *c)
{
    const struct lk_cert *own = lk_certs_own(c->certs);
    lk_err err = own != NULL ? lk_cert_names_new(own->der, &c->names) : LK_OK;
    return err == LK_ERR_MEMORY ? err : LK_OK;
}

static lk_err content_new(const struct lk_vault_keys *keys, const struct key_text *t,
                          struct content **out, enum lk_key_fault *fault)
{
    struct content *c = calloc(1, sizeof *c);
    LK_REQUIRE(c != NULL, LK_ERR_MEMORY);
    c->engine = lk_engine_key_new(t->text, t->bytes, t->passphrase, keys->workers, fault);
    lk_err err = c->engine == NULL ? LK_ERR_KEY : LK_OK;
    if (err == LK_OK) {
        const struct lk_key_facts *facts = lk_engine_key_facts(c->engine);
        struct lk_bytes spki = lk_bytes_of(facts->spki, facts->spki_bytes);
        if (t->chain.len > 0 && lk_chain_read(t->chain, spki, &c->chain) != LK_OK)
            c->chain = (struct lk_chain){.data = NULL};
        err = lk_certs_new(lk_bytes_of(c->chain.data, c->chain.len), spki, &c->certs);
        if (err == LK_OK) err = read_names(c);
    }
    if (err != LK_OK) {
        content_free(c);
        return err;
    }
    *out = c;
    return LK_OK;
}

static lk_err load_content(struct lk_vault_keys *keys, const struct key_text *t,
                           struct content **out, enum lk_key_fault *fault)
{
    uint8_t hash[LK_SHA256_BYTES];
    const struct lk_piece pieces[] = {{t->text, t->total}, {t->chain.data, t->chain.len}};
    lk_hash_pieces(LK_SHA256, pieces, t->chain.len > 0 ? 2 : 1, hash);
    struct content *c = find_content(keys, hash);
    if (c == NULL) {
        LK_TRY(content_new(keys, t, &c, fault));
        memcpy(c->hash, hash, sizeof hash);
        struct content **bucket = bucket_of(keys, hash);
        c->next = *bucket;
        *bucket = c;
        ask_judge(keys, c);
    }
    *fault = atomic_load(&c->prime) == PRIME_BAD ? LK_KEY_NOT_PRIME : LK_KEY_GOOD;
    LK_REQUIRE(*fault == LK_KEY_GOOD, LK_ERR_KEY);
    *out = c;
    return LK_OK;
}

static void free_text(struct key_text *t)
{
    if (t->text != NULL) lk_secret_free(t->text);
    free((void *)t->chain.data);
}

static lk_err read_chain(int fd, struct key_text *t)
{
    uint8_t *data = NULL;
    size_t len = 0;
    if (fd < 0) return LK_OK;
    LK_TRY(lk_blob_read(fd, LK_FILE_BYTES_MAX, &data, &len));
    t->chain = lk_bytes_of(data, len);
    return LK_OK;
}

static lk_err read_text(const struct lk_vault_key_files *files, struct key_text *t)
{
    int key_fd = files->key_fd, passphrase_fd = files->passphrase_fd;
    size_t pass_bytes = 0;
    *t = (struct key_text){.text = NULL};
    LK_TRY(read_chain(files->chain_fd, t));
    LK_TRY(lk_blob_size(key_fd, LK_FILE_BYTES_MAX, &t->bytes));
    if (passphrase_fd >= 0) LK_TRY(lk_blob_size(passphrase_fd, PASSPHRASE_BYTES_MAX, &pass_bytes));
    t->total = t->bytes + pass_bytes + 2;
    t->text = lk_secret_alloc(t->total);
    LK_REQUIRE(t->text != NULL, LK_ERR_MEMORY);
    lk_err err = lk_blob_read_into(key_fd, (uint8_t *)t->text, t->bytes);
    char *pass = t->text + t->bytes + 1;
    if (err == LK_OK && passphrase_fd >= 0)
        err = lk_blob_read_into(passphrase_fd, (uint8_t *)pass, pass_bytes);
    if (err != LK_OK) return err;
    pass[strcspn(pass, "\r\n")] = 0; /* an editor's line end is no part of the passphrase */
    t->passphrase = passphrase_fd >= 0 ? pass : NULL;
    return LK_OK;
}

/* --- a load ---------------------------------------------------------------------------------- */

static bool run_is_free(const struct lk_vault_keys *keys, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count && i < keys->places; i++)
        if (keys->place[i].content != NULL) return false;
    return true;
}

/* Either the low places are free again or the new keys go behind those in use. */
static uint32_t first_place(const struct lk_vault_keys *keys, uint32_t count)
{
    if (run_is_free(keys, 0, count)) return 0;
    uint32_t end = keys->places;
    while (end > 0 && keys->place[end - 1].content == NULL)
        end--;
    return end;
}

lk_err lk_vault_keys_begin(struct lk_vault_keys *keys, uint64_t generation,
                           const struct lk_conf *conf)
{
    LK_ASSERT(keys->conf == NULL && generation > keys->generation && generation <= UINT32_MAX);
    uint32_t first = first_place(keys, conf->key_count), end = first + conf->key_count;
    if (end > keys->places) {
        struct place *more = realloc(keys->place, end * sizeof *more);
        LK_REQUIRE(more != NULL, LK_ERR_MEMORY);
        memset(more + keys->places, 0, (end - keys->places) * sizeof *more);
        keys->place = more;
        keys->places = end;
    }
    keys->conf = conf;
    keys->loading = generation;
    keys->first = first;
    keys->added = 0;
    return LK_OK;
}

static void fill_place(struct lk_vault_keys *keys, uint32_t index, struct content *c)
{
    const struct lk_key_facts *facts = lk_engine_key_facts(c->engine);
    uint32_t at = keys->first + index;
    struct lk_key key = {.engine = c->engine,
                         .handle = keys->loading << 32 | at,
                         .tenant = keys->conf->keys[index].tenant,
                         .kind = facts->kind,
                         .row = lk_engine_key_row(c->engine),
                         .bytes = facts->bytes,
                         .certs = c->certs,
                         .names = c->names,
                         .rights = lk_policy_key_rights(keys->conf, index)};
    key.rights.hashes &= ~facts->barred_hashes;
    const struct lk_bytes spki = {.data = facts->spki, .len = facts->spki_bytes};
    const struct lk_bytes rsa = {.data = facts->rsa_public, .len = facts->rsa_public_bytes};
    lk_keyid_of(spki, rsa, &key.keyid);
    keys->place[at] = (struct place){.content = c, .key = key};
    c->uses++;
    keys->added++;
}

lk_err lk_vault_keys_add(struct lk_vault_keys *keys, uint32_t index,
                         const struct lk_vault_key_files *files, enum lk_key_fault *fault)
{
    LK_REQUIRE(keys->conf != NULL && index < keys->conf->key_count, LK_ERR_RANGE);
    LK_REQUIRE(keys->place[keys->first + index].content == NULL, LK_ERR_RANGE);
    struct key_text t;
    *fault = LK_KEY_NOT_A_KEY;
    struct content *c = NULL;
    lk_err err = read_text(files, &t);
    if (err == LK_OK) err = load_content(keys, &t, &c, fault);
    free_text(&t);
    if (err == LK_OK) fill_place(keys, index, c);
    return err;
}

void lk_vault_keys_public(const struct lk_vault_keys *keys, uint32_t index, struct lk_message *out)
{
    const struct place *p = &keys->place[keys->first + index];
    const struct lk_key_facts *facts = lk_engine_key_facts(p->content->engine);
    struct lk_key_public_message head = {.handle = p->key.handle,
                                         .index = index,
                                         .kind = facts->kind,
                                         .bits = facts->bits,
                                         .bytes = facts->bytes,
                                         .barred_hashes = facts->barred_hashes,
                                         .spki_bytes = (uint32_t)facts->spki_bytes,
                                         .rsa_public_bytes = (uint32_t)facts->rsa_public_bytes};
    size_t total = sizeof head + facts->spki_bytes + facts->rsa_public_bytes;
    LK_ASSERT(total <= LK_KEY_PUBLIC_BYTES_MAX);
    out->kind = LK_M_KEY_PUBLIC;
    out->fd_count = 0;
    out->bytes = (uint32_t)total;
    memcpy(out->body, &head, sizeof head);
    memcpy(out->body + sizeof head, facts->spki, facts->spki_bytes);
    if (facts->rsa_public_bytes > 0)
        memcpy(out->body + sizeof head + facts->spki_bytes, facts->rsa_public,
               facts->rsa_public_bytes);
}

static void clear_place(struct place *p)
{
    if (p->content != NULL) p->content->uses--;
    *p = (struct place){.content = NULL};
}

void lk_vault_keys_abandon(struct lk_vault_keys *keys)
{
    for (uint32_t i = 0; keys->conf != NULL && i < keys->conf->key_count; i++)
        clear_place(&keys->place[keys->first + i]);
    keys->conf = NULL;
}

void lk_vault_keys_commit(struct lk_vault_keys *keys)
{
    keys->generation = keys->loading;
    keys->count = keys->added;
    keys->conf = NULL;
}

void lk_vault_keys_retire(struct lk_vault_keys *keys, uint64_t generation)
{
    for (uint32_t i = 0; i < keys->places; i++)
        if (keys->place[i].content != NULL && keys->place[i].key.handle >> 32 < generation)
            clear_place(&keys->place[i]);
}

void lk_vault_keys_take_back(struct lk_vault_keys *keys, uint64_t generation, uint64_t stays)
{
    keys->generation = stays;
    keys->count = 0;
    for (uint32_t i = 0; i < keys->places; i++) {
        struct place *p = &keys->place[i];
        uint64_t of = p->key.handle >> 32;
        if (p->content != NULL && of == generation) clear_place(p);
        keys->count += p->content != NULL && of == stays;
    }
}

void lk_vault_keys_sweep(struct lk_vault_keys *keys)
{
    for (size_t b = 0; b < BUCKETS; b++) {
        for (struct content **at = &keys->bucket[b]; *at != NULL;) {
            struct content *c = *at;
            if (c->uses > 0) {
                at = &c->next;
                continue;
            }
            *at = c->next;
            content_free(c);
        }
    }
}

/* --- what workers see ------------------------------------------------------------------------- */

struct lk_keyring *lk_vault_keys_ring(const struct lk_vault_keys *keys)
{
    struct lk_keyring *ring = calloc(1, sizeof *ring);
    if (ring == NULL) return NULL;
    ring->key = calloc(keys->places + 1, sizeof *ring->key);
    if (ring->key == NULL) {
        free(ring);
        return NULL;
    }
    ring->generation = (uint32_t)keys->generation;
    ring->count = keys->places;
    for (uint32_t i = 0; i < keys->places; i++) {
        const struct place *p = &keys->place[i];
        if (p->content == NULL || atomic_load(&p->content->prime) == PRIME_BAD) continue;
        ring->key[i] = p->key;
    }
    return ring;
}

void lk_keyring_free(struct lk_keyring *ring)
{
    if (ring == NULL) return;
    free(ring->key);
    free(ring);
}

static unsigned withdraw(struct lk_vault_keys *keys, const struct content *c,
                         void (*tell)(void *to, uint64_t handle), void *to)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < keys->places; i++) {
        if (keys->place[i].content != c) continue;
        tell(to, keys->place[i].key.handle);
        count++;
    }
    return count;
}

unsigned lk_vault_keys_judged(struct lk_vault_keys *keys, void (*tell)(void *to, uint64_t handle),
                              void *to)
{
    pthread_mutex_lock(&keys->lock);
    struct content *c = keys->judged;
    keys->judged = NULL;
    pthread_mutex_unlock(&keys->lock);
    unsigned count = 0;
    while (c != NULL) {
        struct content *next = c->next_judge;
        c->uses--;
        if (atomic_load(&c->prime) == PRIME_BAD) count += withdraw(keys, c, tell, to);
        c = next;
    }
    return count;
}

uint32_t lk_vault_keys_count(const struct lk_vault_keys *keys)
{
    return keys->count;
}
