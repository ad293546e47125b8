#include "tests/support/rsa_bank.h"

#include <string.h>

#include "core/base/err.h"
#include "crypto/hash.h"

#define DIGIT_BITS LK_RSA_DIGIT_BITS
#define PRIME_BITS_MAX 2077

/* --- primes: tools/dev/testprimes.py says the same ------------------------------------------- */

enum prime_form {
    DIGESTS,  /* a string of digests; the upper two bits and the lowest are set */
    ONES,     /* ones, as far up from the lowest as can be */
    LOW_ONE,  /* the lowest digit is 1: -1/p mod 2^52 is 2^52 - 1 */
    LOW_ONES, /* the lowest digit is 2^52 - 1, and the inverse 1 */
    SPARSE,   /* the upper two bits, and the lowest dozen */
};

struct prime_row {
    uint16_t bits;
    uint8_t form, which;
    uint16_t steps;
};
#include "tests/support/rsa_primes.inc.c"

static void set_digests(BIGNUM *x, const struct prime_row *row)
{
    uint8_t bytes[(PRIME_BITS_MAX + 255) / 256 * LK_SHA256_BYTES];
    unsigned count = (row->bits + 255u) / 256u;
    for (unsigned i = 0; i < count; i++) {
        uint8_t label[4] = {(uint8_t)(row->bits >> 8), (uint8_t)row->bits,
                            (uint8_t)(64 * row->form + row->which), (uint8_t)i};
        lk_sha256(label, sizeof label, bytes + i * LK_SHA256_BYTES);
    }
    LK_ASSERT(BN_bin2bn(bytes, (int)(count * LK_SHA256_BYTES), x) != NULL);
    LK_ASSERT(BN_rshift(x, x, (int)(256 * count - row->bits)));
    LK_ASSERT(BN_set_bit(x, row->bits - 1) && BN_set_bit(x, row->bits - 2) && BN_set_bit(x, 0));
}

/* The lowest digit alone, all others kept. */
static void set_low_digit(BIGNUM *x, uint64_t digit)
{
    LK_ASSERT(BN_rshift(x, x, DIGIT_BITS) && BN_lshift(x, x, DIGIT_BITS) && BN_add_word(x, digit));
}

static void prime_start(BIGNUM *x, const struct prime_row *row)
{
    BN_zero(x);
    switch ((enum prime_form)row->form) {
    case ONES:
        LK_ASSERT(BN_set_bit(x, row->bits) && BN_sub_word(x, 1 + 20000ul * row->which));
        return;
    case SPARSE:
        LK_ASSERT(BN_set_bit(x, row->bits - 1) && BN_set_bit(x, row->bits - 2));
        LK_ASSERT(BN_add_word(x, 1 + 20000ul * row->which));
        return;
    case LOW_ONE:
        set_digests(x, row);
        set_low_digit(x, 1);
        return;
    case LOW_ONES:
        set_digests(x, row);
        set_low_digit(x, (UINT64_C(1) << DIGIT_BITS) - 1);
        return;
    case DIGESTS: set_digests(x, row); return;
    }
}

static void prime_walk(BIGNUM *x, const struct prime_row *row)
{
    BIGNUM *way = BN_new();
    bool by_digit = row->form == LOW_ONE || row->form == LOW_ONES;
    LK_ASSERT(way != NULL && BN_set_word(way, row->steps));
    LK_ASSERT(BN_lshift(way, way, by_digit ? DIGIT_BITS : 1));
    LK_ASSERT(row->form == ONES ? BN_sub(x, x, way) : BN_add(x, x, way));
    BN_free(way);
}

struct prime_name {
    uint16_t bits;
    uint8_t form, which;
};

/* In hex, to be freed by the library. */
static char *prime_of(struct prime_name name)
{
    for (size_t i = 0; i < sizeof primes / sizeof primes[0]; i++) {
        const struct prime_row *row = &primes[i];
        if (row->bits != name.bits || row->form != name.form || row->which != name.which) continue;
        BIGNUM *x = BN_new();
        LK_ASSERT(x != NULL);
        prime_start(x, row);
        prime_walk(x, row);
        char *hex = BN_bn2hex(x);
        LK_ASSERT(hex != NULL);
        BN_free(x);
        return hex;
    }
    LK_ASSERT(!"a prime that testprimes.py was not asked for");
    return NULL;
}

/* --- keys ----------------------------------------------------------------------------------- */

#define E_USUAL "10001"
#define E_LONG "FFFFFFFFFFFFFFC5" /* a prime of 64 bits */
#define E_ONES "FFFFFFFFFFFFFFFF"
#define E_65 "1000000000000000D"

struct key_row {
    struct prime_name p, q;
    const char *e;
};

static const struct key_row keys_2048[] = {
    {{1024, DIGESTS, 0}, {1024, DIGESTS, 1}, E_USUAL},
    {{1024, DIGESTS, 1}, {1024, DIGESTS, 0}, E_USUAL},
    {{1024, DIGESTS, 2}, {1024, DIGESTS, 3}, E_USUAL},
    {{1024, DIGESTS, 4}, {1024, DIGESTS, 5}, E_USUAL},
    {{1024, DIGESTS, 3}, {1024, DIGESTS, 2}, "3"},
    {{1024, DIGESTS, 5}, {1024, DIGESTS, 4}, "5"},
    {{1024, DIGESTS, 6}, {1024, DIGESTS, 7}, "11"},
    {{1024, DIGESTS, 7}, {1024, DIGESTS, 6}, "101"},
    {{1024, DIGESTS, 0}, {1024, DIGESTS, 7}, E_LONG},
    {{1024, DIGESTS, 6}, {1024, DIGESTS, 1}, E_ONES},
    {{1024, ONES, 0}, {1024, ONES, 1}, E_USUAL},
    {{1024, LOW_ONE, 0}, {1024, LOW_ONES, 0}, E_USUAL},
    {{1024, LOW_ONES, 1}, {1024, LOW_ONE, 1}, "3"},
    {{1024, SPARSE, 0}, {1024, SPARSE, 1}, E_USUAL},
    {{1036, ONES, 1}, {1036, ONES, 0}, E_USUAL},
    {{1036, DIGESTS, 0}, {1036, DIGESTS, 1}, E_USUAL},
    {{1036, LOW_ONES, 0}, {1036, LOW_ONE, 0}, E_ONES},
    {{1036, DIGESTS, 0}, {1012, DIGESTS, 0}, E_USUAL},
    {{1012, DIGESTS, 0}, {1036, ONES, 0}, E_USUAL},
    {{512, DIGESTS, 0}, {1036, ONES, 0}, "3"},
    {{1036, ONES, 0}, {512, DIGESTS, 1}, E_LONG},
    {{512, DIGESTS, 0}, {512, DIGESTS, 1}, E_USUAL},
    {{1025, DIGESTS, 0}, {1025, DIGESTS, 1}, E_USUAL},
    {{1030, DIGESTS, 0}, {1031, DIGESTS, 0}, E_USUAL},
};
static const struct key_row keys_3072[] = {
    {{1536, DIGESTS, 0}, {1536, DIGESTS, 1}, E_USUAL},
    {{1536, DIGESTS, 1}, {1536, DIGESTS, 0}, E_USUAL},
    {{1536, DIGESTS, 2}, {1536, DIGESTS, 3}, E_USUAL},
    {{1536, DIGESTS, 4}, {1536, DIGESTS, 5}, E_USUAL},
    {{1536, DIGESTS, 6}, {1536, DIGESTS, 7}, "3"},
    {{1536, DIGESTS, 7}, {1536, DIGESTS, 6}, E_LONG},
    {{1536, ONES, 0}, {1536, ONES, 1}, E_USUAL},
    {{1536, LOW_ONE, 0}, {1536, LOW_ONES, 0}, E_USUAL},
    {{1536, LOW_ONES, 1}, {1536, LOW_ONE, 1}, "101"},
    {{1536, SPARSE, 1}, {1536, SPARSE, 0}, E_USUAL},
    {{1556, ONES, 0}, {1556, ONES, 1}, E_USUAL},
    {{1556, DIGESTS, 1}, {1556, DIGESTS, 0}, E_ONES},
    {{1556, ONES, 1}, {1024, ONES, 0}, E_USUAL},
    {{1037, DIGESTS, 0}, {1037, DIGESTS, 1}, E_USUAL},
    {{1048, DIGESTS, 0}, {1000, DIGESTS, 0}, E_USUAL},
    {{1000, DIGESTS, 0}, {1048, DIGESTS, 0}, E_USUAL},
};
static const struct key_row keys_4096[] = {
    {{2048, DIGESTS, 0}, {2048, DIGESTS, 1}, E_USUAL},
    {{2048, DIGESTS, 1}, {2048, DIGESTS, 0}, E_USUAL},
    {{2048, DIGESTS, 2}, {2048, DIGESTS, 3}, E_USUAL},
    {{2048, DIGESTS, 4}, {2048, DIGESTS, 5}, E_USUAL},
    {{2048, DIGESTS, 5}, {2048, DIGESTS, 2}, "3"},
    {{2048, DIGESTS, 3}, {2048, DIGESTS, 4}, E_LONG},
    {{2048, ONES, 0}, {2048, ONES, 1}, E_USUAL},
    {{2048, LOW_ONE, 0}, {2048, LOW_ONES, 0}, E_USUAL},
    {{2048, LOW_ONES, 1}, {2048, LOW_ONE, 1}, "11"},
    {{2048, SPARSE, 0}, {2048, SPARSE, 1}, E_USUAL},
    {{2076, ONES, 1}, {2076, ONES, 0}, E_USUAL},
    {{2076, LOW_ONES, 0}, {2076, LOW_ONE, 0}, E_ONES},
    {{2076, DIGESTS, 0}, {2076, DIGESTS, 1}, E_USUAL},
    {{2076, ONES, 0}, {2000, DIGESTS, 0}, E_USUAL},
    {{1557, DIGESTS, 0}, {1557, DIGESTS, 1}, E_USUAL},
};
static const struct key_row keys_lone[LK_BANK_LONE] = {
    {{1024, DIGESTS, 2}, {1024, DIGESTS, 7}, E_65},
    {{1536, DIGESTS, 2}, {1536, DIGESTS, 7}, E_65},
    {{2048, DIGESTS, 2}, {2048, DIGESTS, 5}, E_65},
    {{2077, DIGESTS, 0}, {2077, DIGESTS, 1}, E_USUAL},
};

static void key_make(struct lk_subject *key, const struct key_row *row)
{
    char *p = prime_of(row->p), *q = prime_of(row->q);
    lk_test_rsa_init(&key->numbers, row->e, p, q, NULL);
    lk_subject_init(key);
    OPENSSL_free(p);
    OPENSSL_free(q);
}

static void bank_make(struct lk_bank *bank, const struct key_row *rows, size_t count)
{
    LK_ASSERT(count <= LK_BANK_KEYS_MAX);
    bank->count = (unsigned)count;
    for (unsigned i = 0; i < bank->count; i++)
        key_make(&bank->key[i], &rows[i]);
}

static const struct {
    const struct key_row *rows;
    size_t count;
} keys_of[LK_RSA_CLASS_COUNT] = {
    [LK_RSA_2048] = {keys_2048, sizeof keys_2048 / sizeof keys_2048[0]},
    [LK_RSA_3072] = {keys_3072, sizeof keys_3072 / sizeof keys_3072[0]},
    [LK_RSA_4096] = {keys_4096, sizeof keys_4096 / sizeof keys_4096[0]},
};

void lk_bank_open_first(struct lk_bank *bank, enum lk_rsa_class size, unsigned count)
{
    bank_make(bank, keys_of[size].rows, count < keys_of[size].count ? count : keys_of[size].count);
    for (unsigned i = 0; i < bank->count; i++) {
        LK_ASSERT(bank->key[i].kernel != NULL && bank->key[i].kernel->size == size);
        LK_ASSERT(i >= LK_BANK_PLAIN || bank->key[i].engine != NULL);
    }
}

void lk_bank_open(struct lk_bank *bank, enum lk_rsa_class size)
{
    lk_bank_open_first(bank, size, LK_BANK_KEYS_MAX);
}

void lk_bank_open_lone(struct lk_bank *bank)
{
    bank_make(bank, keys_lone, LK_BANK_LONE);
    for (unsigned i = 0; i < bank->count; i++)
        LK_ASSERT(bank->key[i].kernel == NULL && bank->key[i].engine != NULL);
}

void lk_bank_close(struct lk_bank *bank)
{
    for (unsigned i = 0; i < bank->count; i++)
        lk_subject_fini(&bank->key[i]);
    bank->count = 0;
}
