#include "tools/lurk-bench/plan.h"

#include <math.h>
#include <stdlib.h>

#define ITEMS_MAX 64
#define ITEMS_MIN 4
#define TEMPLATES_WANTED 4096

/* Whether a key can serve an exchange. Keys of --keys: RSA decrypts, the others sign, since a
 * server keeps an RSA key for one of the two; keys of --sign-keys sign whatever they are. */
static bool key_serves(const struct lk_bench_key *key, bool sign_only, enum lk_bench_need need,
                       uint16_t scheme)
{
    if (need == LK_BENCH_NEED_NOTHING) return true;
    if (need == LK_BENCH_NEED_SIGN)
        return (sign_only || !key->rsa) && (scheme == 0 || lk_bench_key_scheme_fits(key, scheme));
    return !sign_only && key->rsa && (need != LK_BENCH_NEED_CERTIFICATE || key->certificate);
}

struct pick {
    const struct lk_bench_key **key;
    uint32_t count;
};

static void pick_from(struct pick *pick, const struct lk_bench_keys *keys, bool sign_only,
                      const struct lk_bench_exchange *row, uint16_t scheme)
{
    for (uint32_t i = 0; i < keys->count; i++)
        if (key_serves(&keys->key[i], sign_only, row->need, scheme))
            pick->key[pick->count++] = &keys->key[i];
}

/* Share of key k is proportional to 1 / k^s. */
static lk_err spread_make(struct lk_bench_plan_row *row, double zipf)
{
    if (zipf <= 0) return LK_OK;
    row->share_through = calloc(row->key_count, sizeof(double));
    LK_REQUIRE(row->share_through, LK_ERR_MEMORY);
    double sum = 0;
    for (uint32_t i = 0; i < row->key_count; i++)
        row->share_through[i] = sum += pow((double)(i + 1), -zipf);
    for (uint32_t i = 0; i < row->key_count; i++)
        row->share_through[i] /= sum;
    return LK_OK;
}

static uint32_t item_count(const struct lk_bench_options *options, uint32_t key_count)
{
    if (options->pool) return options->pool;
    uint32_t items = TEMPLATES_WANTED / key_count;
    return items < ITEMS_MIN ? ITEMS_MIN : items > ITEMS_MAX ? ITEMS_MAX : items;
}

static lk_err templates_make(struct lk_bench_plan *plan, struct lk_bench_plan_row *row,
                             const struct pick *pick, const struct lk_bench_options *options)
{
    const struct lk_bench_exchange *exchange = &lk_bench_exchanges[row->exchange];
    struct lk_bench_style style = {.group = options->group,
                                   .scheme = options->scheme,
                                   .proof = (uint8_t)options->proof,
                                   .prf = (uint8_t)options->prf};
    struct lk_bench_draw draw = {.state = options->seed ^ row->exchange};
    row->templates = calloc((size_t)row->key_count * row->item_count, sizeof(*row->templates));
    LK_REQUIRE(row->templates, LK_ERR_MEMORY);
    for (uint32_t i = 0; i < row->key_count * row->item_count; i++) {
        const struct lk_bench_key *key = pick->count ? pick->key[i / row->item_count] : NULL;
        LK_TRY(lk_bench_template_make(exchange, key, &style, &draw, &row->templates[i]));
        if (row->templates[i].bytes > plan->request_bytes_max)
            plan->request_bytes_max = row->templates[i].bytes;
    }
    return LK_OK;
}

static const char *lack_text(enum lk_bench_need need)
{
    static const char *const text[] = {
        [LK_BENCH_NEED_NOTHING] = "",
        [LK_BENCH_NEED_DECRYPT] = "wants an RSA key in --keys",
        [LK_BENCH_NEED_CERTIFICATE] = "wants an RSA key with its certificate in --keys",
        [LK_BENCH_NEED_SIGN] =
            "wants an EC or EdDSA key in --keys, or any key in --sign-keys, that fits --scheme",
    };
    return text[need];
}

static lk_err row_make(struct lk_bench_plan *plan, struct lk_bench_plan_row *row,
                       const struct lk_bench_options *options, const struct lk_bench_keys *keys,
                       const struct lk_bench_keys *sign_keys)
{
    const struct lk_bench_exchange *exchange = &lk_bench_exchanges[row->exchange];
    struct pick pick = {.key = calloc(keys->count + sign_keys->count + 1, sizeof(*pick.key))};
    LK_REQUIRE(pick.key, LK_ERR_MEMORY);
    if (exchange->need != LK_BENCH_NEED_NOTHING) {
        pick_from(&pick, keys, false, exchange, options->scheme);
        pick_from(&pick, sign_keys, true, exchange, options->scheme);
    }
    lk_err err = LK_OK;
    if (exchange->need != LK_BENCH_NEED_NOTHING && pick.count == 0) err = LK_ERR_UNKNOWN;
    row->key_count = pick.count ? pick.count : 1;
    row->item_count = exchange->prepare ? item_count(options, row->key_count) : 1;
    if (err == LK_OK) err = spread_make(row, options->zipf);
    if (err == LK_OK) err = templates_make(plan, row, &pick, options);
    plan->key_count += pick.count;
    free(pick.key);
    return err;
}

lk_err lk_bench_plan_make(struct lk_bench_plan *plan, const struct lk_bench_options *options,
                          const struct lk_bench_keys *keys, const struct lk_bench_keys *sign_keys,
                          char *error, uint32_t error_bytes)
{
    uint64_t through = 0;
    *plan = (struct lk_bench_plan){.request_bytes_max = LK_HEADER_BYTES};
    for (uint8_t i = 0; i < LK_BENCH_EXCHANGE_COUNT; i++) {
        if (options->weight[i] == 0) continue;
        struct lk_bench_plan_row *row = &plan->row[plan->row_count++];
        row->exchange = i;
        row->weight_through = through += options->weight[i];
        lk_err err = row_make(plan, row, options, keys, sign_keys);
        if (err == LK_OK) continue;
        snprintf(error, error_bytes, "--mix: %s %s", lk_bench_exchanges[i].name,
                 err == LK_ERR_UNKNOWN ? lack_text(lk_bench_exchanges[i].need) : lk_err_text(err));
        return err;
    }
    return LK_OK;
}

void lk_bench_plan_free(struct lk_bench_plan *plan)
{
    for (uint32_t i = 0; i < plan->row_count; i++) {
        struct lk_bench_plan_row *row = &plan->row[i];
        for (uint32_t k = 0; row->templates && k < row->key_count * row->item_count; k++)
            lk_bench_template_free(&row->templates[k]);
        free(row->templates);
        free(row->share_through);
    }
    *plan = (struct lk_bench_plan){0};
}

/* First key whose cumulative share passes x. */
static uint32_t key_draw(const struct lk_bench_plan_row *row, struct lk_bench_draw *draw)
{
    if (!row->share_through) return lk_bench_draw_below(draw, row->key_count);
    double x = lk_bench_draw_unit(draw);
    uint32_t low = 0, high = row->key_count - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (row->share_through[middle] > x)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

struct lk_bench_choice lk_bench_plan_draw(const struct lk_bench_plan *plan,
                                          struct lk_bench_draw *draw)
{
    const struct lk_bench_plan_row *row = plan->row;
    if (plan->row_count > 1) {
        uint64_t all = plan->row[plan->row_count - 1].weight_through;
        uint64_t x = lk_bench_draw_below(draw, (uint32_t)all);
        while (row->weight_through <= x)
            row++;
    }
    uint32_t at = 0;
    if (row->key_count > 1) at = key_draw(row, draw) * row->item_count;
    if (row->item_count > 1) at += lk_bench_draw_below(draw, row->item_count);
    return (struct lk_bench_choice){.exchange = row->exchange, .from = &row->templates[at]};
}
