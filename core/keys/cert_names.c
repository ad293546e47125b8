#include "core/keys/cert_names.h"

#include <stdlib.h>

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* DNS does not tell cases of ASCII apart. */
static int compare(struct lk_bytes a, struct lk_bytes b)
{
    if (a.len != b.len) return a.len < b.len ? -1 : 1;
    for (size_t i = 0; i < a.len; i++)
        if (a.data[i] != b.data[i] && lower(a.data[i]) != lower(b.data[i]))
            return lower(a.data[i]) < lower(b.data[i]) ? -1 : 1;
    return 0;
}

static int compare_places(const void *a, const void *b)
{
    return compare(*(const struct lk_bytes *)a, *(const struct lk_bytes *)b);
}

/* Counts the dNSNames; with `to` they are put there too. SIZE_MAX: they cannot be read to their
 * end. */
static size_t dns_names(struct lk_bytes alt_names, struct lk_bytes *to)
{
    struct lk_cursor c = lk_cursor_of(alt_names);
    uint8_t tag;
    size_t count = 0;
    while (!c.bad && lk_cursor_left(&c) > 0) {
        struct lk_bytes one = lk_der_any(&c, &tag);
        if (c.bad || tag != LK_DER_DNS_NAME) continue;
        if (to != NULL) to[count] = one;
        count++;
    }
    return c.bad ? SIZE_MAX : count;
}

static uint32_t each_once(struct lk_bytes *dns, uint32_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
        if (kept == 0 || compare(dns[kept - 1], dns[i]) != 0) dns[kept++] = dns[i];
    return kept;
}

lk_err lk_cert_names_new(struct lk_bytes certificate, struct lk_cert_names **out)
{
    struct lk_certificate_names has;
    LK_REQUIRE(lk_certificate_names(certificate, &has), LK_ERR_FORMAT);
    size_t count = dns_names(has.alt_names, NULL);
    LK_REQUIRE(count != SIZE_MAX, LK_ERR_FORMAT);
    LK_REQUIRE(count <= LK_CERT_NAMES_MAX, LK_ERR_RANGE);
    struct lk_cert_names *names = malloc(sizeof *names + count * sizeof names->dns[0]);
    LK_REQUIRE(names != NULL, LK_ERR_MEMORY);
    names->subject = has.subject;
    dns_names(has.alt_names, names->dns);
    qsort(names->dns, count, sizeof names->dns[0], compare_places);
    names->count = each_once(names->dns, (uint32_t)count);
    *out = names;
    return LK_OK;
}

uint32_t lk_cert_names_find(const struct lk_cert_names *names, struct lk_bytes name)
{
    uint32_t low = 0, high = names->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare(names->dns[middle], name);
        if (order == 0) return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return LK_CERT_NAMES_MAX;
}
