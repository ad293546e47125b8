/* What the page of metrics leaves out. */
#include "core/watch/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Is there such a status? A new one has to be put here before this compiles. */
static bool is_tls12(enum lk_tls12_status status)
{
    switch (status) {
    case LK_TLS12_INVALID_PAYLOAD_FORMAT:
    case LK_TLS12_INVALID_KEY_ID_TYPE:
    case LK_TLS12_INVALID_KEY_ID:
    case LK_TLS12_INVALID_TLS_RANDOM:
    case LK_TLS12_INVALID_FRESHNESS_FUNCT:
    case LK_TLS12_INVALID_FINISHED:
    case LK_TLS12_INVALID_EC_TYPE:
    case LK_TLS12_INVALID_EC_CURVE:
    case LK_TLS12_INVALID_POO_PRF:
    case LK_TLS12_INVALID_POO:
    case LK_TLS12_INVALID_CIPHER_OR_PRF_HASH: return true;
    }
    return false;
}

static bool is_tls13(enum lk_tls13_status status)
{
    switch (status) {
    case LK_TLS13_INVALID_FORMAT:
    case LK_TLS13_INVALID_SESSION_ID:
    case LK_TLS13_INVALID_HANDSHAKE:
    case LK_TLS13_INVALID_FRESHNESS:
    case LK_TLS13_INVALID_EPHEMERAL:
    case LK_TLS13_INVALID_PSK:
    case LK_TLS13_INVALID_CERTIFICATE:
    case LK_TLS13_INVALID_TYPE:
    case LK_TLS13_INVALID_CERT_TYPE:
    case LK_TLS13_INVALID_SIGNATURE_SCHEME:
    case LK_TLS13_INVALID_CERTIFICATE_VERIFY:
    case LK_TLS13_TOO_MANY_IDENTITIES: return true;
    }
    return false;
}

static bool is_split(enum lk_split_status status)
{
    switch (status) {
    case LK_SPLIT_INVALID_PAYLOAD_FORMAT:
    case LK_SPLIT_INVALID_KEY_ID_TYPE:
    case LK_SPLIT_INVALID_KEY_ID:
    case LK_SPLIT_INVALID_TLS_RANDOM:
    case LK_SPLIT_INVALID_FRESHNESS_FUNCT:
    case LK_SPLIT_INVALID_PUBLIC_VALUE:
    case LK_SPLIT_INVALID_GROUP:
    case LK_SPLIT_INVALID_SIG_SCHEME:
    case LK_SPLIT_INVALID_PRF_HASH:
    case LK_SPLIT_INVALID_POO_PRF:
    case LK_SPLIT_INVALID_POO:
    case LK_SPLIT_INVALID_HANDSHAKE:
    case LK_SPLIT_INVALID_FORM:
    case LK_SPLIT_INVALID_PSK_IDENTITY:
    case LK_SPLIT_INVALID_HANDLE:
    case LK_SPLIT_INVALID_DIGEST:
    case LK_SPLIT_INVALID_CERT_REQUEST:
    case LK_SPLIT_INVALID_CERT_NAME:
    case LK_SPLIT_TOO_MANY_REQUESTS: return true;
    }
    return false;
}

static bool is_status(enum lk_extension extension, unsigned s)
{
    if (s <= LK_STATUS_INVALID_FORMAT) return true;
    switch (extension) {
    case LK_EXTENSION_TLS12: return is_tls12((enum lk_tls12_status)s);
    case LK_EXTENSION_TLS13: return is_tls13((enum lk_tls13_status)s);
    case LK_EXTENSION_SPLIT: return is_split((enum lk_split_status)s);
    default: return false;
    }
}

static void metrics_count_every_status_there_is(void **state)
{
    (void)state;
    struct lk_process_counters *front = calloc(1, lk_process_counters_bytes(1));
    assert_non_null(front);
    front->threads = 1;
    for (unsigned x = 0; x < LK_EXCHANGE_COUNT; x++)
        for (unsigned s = 1; s < LK_STATUS_COUNT; s++)
            lk_count_set(&front->thread[0].requests[x][s], 1000 * (x + 1) + s);
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    lk_metrics_write(to, (const struct lk_process_counters *const[]){front}, 1);
    fclose(to);
    for (unsigned x = 0; x < LK_EXCHANGE_COUNT; x++)
        for (unsigned s = 1; s < LK_STATUS_COUNT; s++) {
            char count[32];
            (void)snprintf(count, sizeof count, "\"} %u\n", 1000 * (x + 1) + s);
            bool shown = strstr(text, count) != NULL;
            if (shown != is_status(lk_exchange_extension(x), s))
                fail_msg("%s, status %u", lk_exchange_name(x), s);
        }
    free(text);
    free(front);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_count_every_status_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
