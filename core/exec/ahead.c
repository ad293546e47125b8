#include "core/exec/ahead.h"

#include <string.h>

#include "core/exec/exchange.h"
#include "core/keys/scheme.h"
#include "core/policy/freshness.h"
#include "crypto/ct.h"

void lk_ahead_init(struct lk_ahead *ahead, const struct lk_kernels *kernels,
                   const struct lk_novelty_view *novelty)
{
    ahead->kernels = kernels;
    ahead->novelty = novelty;
    ahead->count = 0;
}

/* --- points -----------------------------------------------------------------------------------*/

static void points_judge(const struct lk_ahead *ahead)
{
    const uint8_t *point[LK_AHEAD_LANES];
    struct lk_lane *lane[LK_AHEAD_LANES];
    unsigned count = 0;
    for (unsigned i = 0; i < ahead->count; i++) {
        if (ahead->lane[i]->point == NULL) continue;
        lane[count] = ahead->lane[i];
        point[count++] = ahead->lane[i]->point;
    }
    if (count == 0) return;
    uint64_t good = ahead->kernels->points_p256(point, count);
    for (unsigned i = 0; i < count; i++)
        lane[i]->point_good = (good >> i & 1) != 0;
}

/* --- novelty ----------------------------------------------------------------------------------*/

static void places_find(const struct lk_ahead *ahead, lk_siphash_many *hash,
                        struct lk_lane *const *lane, unsigned count)
{
    struct lk_novelty_ask ask[LK_NOVELTY_ASKS_MAX];
    struct lk_novelty_place place[LK_NOVELTY_ASKS_MAX];
    LK_ASSERT(count > 0 && count <= LK_NOVELTY_ASKS_MAX);
    for (unsigned i = 0; i < count; i++)
        ask[i] = (struct lk_novelty_ask){.key_full = lane[i]->key->keyid.full,
                                         .s = lane[i]->s,
                                         .peer_hash = lk_lane_head(lane[i])->peer_hash,
                                         .payload = lk_bytes_of(lane[i]->job, lane[i]->job_bytes)};
    lk_novelty_find(ahead->novelty, hash, ask, count, place);
    for (unsigned i = 0; i < count; i++)
        lane[i]->novelty = place[i];
}

/* Side by side hashing takes as long as the longest does: a large one goes alone. */
static void places_find_all(const struct lk_ahead *ahead)
{
    struct lk_lane *beside[LK_NOVELTY_ASKS_MAX];
    unsigned count = 0;
    if (ahead->novelty == NULL) return;
    for (unsigned i = 0; i < ahead->count; i++) {
        struct lk_lane *lane = ahead->lane[i];
        if (lane->s == NULL) continue;
        if (lane->large) {
            places_find(ahead, lk_siphash_many_plain, &lane, 1);
            continue;
        }
        beside[count++] = lane;
        if (count < LK_NOVELTY_ASKS_MAX) continue;
        places_find(ahead, ahead->kernels->siphash, beside, count);
        count = 0;
    }
    if (count > 0) places_find(ahead, ahead->kernels->siphash, beside, count);
}

/* --- digests ----------------------------------------------------------------------------------*/

static void jobs_forget(struct lk_ahead *ahead, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        lk_wipe(ahead->job[i].message, ahead->job[i].len);
}

static void freshness_apply(struct lk_ahead *ahead)
{
    uint8_t digest[LK_AHEAD_LANES][LK_SHA256_BYTES];
    struct lk_lane *lane[LK_AHEAD_LANES];
    unsigned count = 0;
    for (unsigned i = 0; i < ahead->count; i++) {
        if (ahead->lane[i]->s == NULL) continue;
        struct lk_sha256_job *job = &ahead->job[count];
        lk_freshness_tls12_text(ahead->lane[i]->s, job->message);
        job->len = LK_FRESHNESS_TLS12_TEXT_BYTES;
        job->digest = digest[count];
        lane[count++] = ahead->lane[i];
    }
    if (count == 0) return;
    ahead->kernels->sha256(ahead->job, count);
    for (unsigned i = 0; i < count; i++)
        lk_freshness_tls12_of(lane[i]->common.freshness, lane[i]->s, digest[i], lane[i]->fs);
    jobs_forget(ahead, count);
}

/* The text of one lane into a job. False: there is none, it is longer than a job's room, or another
 * hash is wanted. */
static bool text_take(const struct lk_lane *lane, struct lk_sha256_job *job)
{
    const struct lk_scheme_row *scheme = lk_scheme_find(lane->scheme);
    if (lane->exchange->text == NULL || scheme == NULL || scheme->hash != LK_SHA256) return false;
    struct lk_writer w = lk_writer_of(job->message, LK_SHA256_LANES_BYTES);
    lane->exchange->text(lane, &w);
    job->len = w.len;
    return !w.bad;
}

/* After F(S), which texts have in them. */
static void texts_hash(struct lk_ahead *ahead)
{
    unsigned count = 0;
    for (unsigned i = 0; i < ahead->count; i++) {
        struct lk_lane *lane = ahead->lane[i];
        if (!text_take(lane, &ahead->job[count])) continue;
        ahead->job[count++].digest = lane->digest;
        lane->digested = true;
    }
    if (count > 0) ahead->kernels->sha256(ahead->job, count);
    jobs_forget(ahead, count);
}

void lk_ahead_run(struct lk_ahead *ahead)
{
    places_find_all(ahead);
    points_judge(ahead);
    freshness_apply(ahead);
    texts_hash(ahead);
    ahead->count = 0;
}

void lk_ahead_add(struct lk_ahead *ahead, struct lk_lane *lane)
{
    ahead->lane[ahead->count++] = lane;
    if (ahead->count == LK_AHEAD_LANES) lk_ahead_run(ahead);
}
