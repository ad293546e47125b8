#include "tests/support/u_proof.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <string.h>

#include "core/base/err.h"
#include "crypto/poo.h"
#include "crypto/poo_curve.h"
#include "crypto/poo_prove.h"
#include "tests/support/draw.h"

#define GROUP 29
#define BYTES LK_U_BYTES

static struct lk_poo_prover *prover;
static struct lk_poo_curve *curve;
static BIGNUM *order;
static BN_CTX *ctx;

static void number_write(const BIGNUM *x, uint8_t to[BYTES])
{
    LK_ASSERT(BN_bn2binpad(x, to, BYTES) == BYTES);
}

static void key_draw(struct lk_u_proof *p)
{
    LK_ASSERT(lk_poo_key_make(prover, p->b, p->bg));
}

static void challenge_draw(struct lk_u_proof *p)
{
    p->c_bytes = lk_draw_below(2) == 0 ? 16 : 32;
    lk_draw_bytes(p->c, p->c_bytes);
}

void lk_u_proof_right(struct lk_u_proof *p)
{
    key_draw(p);
    challenge_draw(p);
    LK_ASSERT(lk_poo_commit(prover, p->v, p->vg));
    lk_poo_answer(prover, p->b, p->v, p->c, p->c_bytes, p->r);
    p->bg[BYTES - 1] |= (uint8_t)(lk_draw_below(2) << 7); /* bit 255 does not count */
    p->vg[BYTES - 1] |= (uint8_t)(lk_draw_below(2) << 7);
}

/* --- ways to be wrong ------------------------------------------------------------------------- */

static void spoil_bit(uint8_t bytes[BYTES], size_t len)
{
    bytes[lk_draw_below(len)] ^= (uint8_t)(1u << lk_draw_below(7));
}

/* r + q and the like. */
static void spoil_r(struct lk_u_proof *p)
{
    BIGNUM *r = BN_bin2bn(p->r, BYTES, NULL);
    for (size_t times = 1 + lk_draw_below(6); times > 0; times--)
        LK_ASSERT(BN_add(r, r, order) == 1);
    number_write(r, p->r);
    BN_free(r);
}

/* A point of small order, or of the twist, or what p is taken off. */
static void draw_low(uint8_t u[BYTES])
{
    static const uint8_t eight[BYTES] = {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae,
                                         0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
                                         0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd,
                                         0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00};
    size_t kind = lk_draw_below(5);
    memset(u, kind < 3 ? 0 : 0xff, BYTES);
    u[0] = kind < 3 ? (uint8_t)kind
                    : (uint8_t)(0xec + lk_draw_below(4)); /* 0, 1, 2; p - 1 .. p + 2 */
    u[BYTES - 1] &= 0x7f;
    if (kind == 4) memcpy(u, eight, BYTES);
}

/* The same point with one of order two beside it: all of the equation could hold. */
static void draw_mixed(struct lk_u_proof *p)
{
    static const uint8_t zero[BYTES];
    EC_POINT *a = EC_POINT_new(curve->group), *two = EC_POINT_new(curve->group);
    LK_ASSERT(lk_poo_point_read(curve, p->bg, a) && lk_poo_point_read(curve, zero, two));
    LK_ASSERT(EC_POINT_add(curve->group, a, a, two, ctx) == 1);
    LK_ASSERT(lk_poo_point_write(curve, a, p->bg));
    p->c[p->c_bytes - 1] &= 0xfe; /* c of both is the same point then */
    lk_poo_answer(prover, p->b, p->v, p->c, p->c_bytes, p->r);
    EC_POINT_free(a);
    EC_POINT_free(two);
}

void lk_u_proof_wrong(struct lk_u_proof *p)
{
    lk_u_proof_right(p);
    switch (lk_draw_below(8)) {
    case 0: spoil_bit(p->r, BYTES); break;
    case 1: spoil_bit(p->c, p->c_bytes); break;
    case 2: spoil_bit(p->vg, BYTES); break;
    case 3: spoil_bit(p->bg, BYTES); break;
    case 4: spoil_r(p); break;
    case 5: draw_low(p->bg); break;
    case 6: draw_low(p->vg); break;
    default: draw_mixed(p); break;
    }
}

/* --- what the equation may say nothing about -------------------------------------------------- */

/* v such that r is what is asked for: r = 0, r = c b, r = - c b; or c such that [c]bG is infinity, or both. */
void lk_u_proof_special(struct lk_u_proof *p)
{
    BIGNUM *b, *c, *r = BN_new(), *v = BN_new(); /* r: 0 */
    size_t kind = lk_draw_below(6);
    key_draw(p);
    challenge_draw(p);
    p->special = true;
    if (kind >= 3) memset(p->c, 0, p->c_bytes);
    if (kind == 4) {
        p->c_bytes = BYTES;
        number_write(order, p->c);
    }
    b = BN_bin2bn(p->b, BYTES, NULL), c = BN_bin2bn(p->c, (int)p->c_bytes, NULL);
    LK_ASSERT(BN_mod_mul(c, c, b, order, ctx) == 1);
    if (kind == 3 || kind == 4) LK_ASSERT(BN_rand_range(r, order) == 1);
    if (kind == 1) LK_ASSERT(BN_copy(r, c) != NULL);
    if (kind == 2) LK_ASSERT(BN_mod_sub(r, order, c, order, ctx) == 1);
    LK_ASSERT(BN_mod_add(v, r, c, order, ctx) == 1);
    number_write(r, p->r);
    number_write(v, p->v);
    if (BN_is_zero(v) || !lk_poo_multiply(prover, p->v, p->vg)) lk_draw_bytes(p->vg, BYTES);
    BN_free(b), BN_free(c), BN_free(r), BN_free(v);
}

/* --- the library ------------------------------------------------------------------------------ */

struct lk_operand lk_u_proof_operand(const struct lk_u_proof *p)
{
    return (struct lk_operand){.in = p->bg,
                               .in_bytes = BYTES,
                               .poo_point = p->vg,
                               .poo_r = p->r,
                               .poo_challenge = p->c,
                               .poo_challenge_bytes = p->c_bytes};
}

struct lk_poo_job lk_u_proof_job(const struct lk_u_proof *p)
{
    return (struct lk_poo_job){p->bg, p->vg, p->r, p->c, p->c_bytes};
}

bool lk_u_proof_good(const struct lk_u_proof *p)
{
    struct lk_operand operand = lk_u_proof_operand(p);
    return lk_poo_good(curve, &operand) && !operand.point_bad;
}

void lk_u_proof_begin(void)
{
    prover = lk_poo_prover_new(GROUP, NULL);
    curve = lk_poo_curve_new(lk_poo_curve_find(GROUP), NULL);
    ctx = BN_CTX_new();
    order = BN_new();
    LK_ASSERT(prover != NULL && curve != NULL && ctx != NULL && order != NULL);
    LK_ASSERT(EC_GROUP_get_order(curve->group, order, ctx) == 1);
}

void lk_u_proof_end(void)
{
    lk_poo_prover_free(prover);
    lk_poo_curve_free(curve);
    BN_free(order);
    BN_CTX_free(ctx);
}
