#include "core/exec/poo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/support/vectors.h"

static struct lk_tls12_ecdhe request_of(struct lk_vectors *v, const json_t *row)
{
    struct lk_bytes scheme = lk_vectors_hex(v, row, "sig_and_hash");
    struct lk_tls12_ecdhe request = {
        .client_random = lk_vectors_hex(v, row, "client_random").data,
        .server_random = lk_vectors_hex(v, row, "server_random").data,
        .sig_and_hash = (uint16_t)(scheme.data[0] << 8 | scheme.data[1]),
        .params = lk_vectors_hex(v, row, "ecdhe_params"),
        .group = (uint16_t)json_integer_value(json_object_get(row, "group")),
        .point = lk_vectors_hex(v, row, "bG"),
        .poo_prf = strcmp(lk_vectors_text(row, "poo_prf"), "sha256_128") == 0 ? 1 : 2,
        .poo_point = lk_vectors_hex(v, row, "vG"),
    };
    memcpy(request.common.key_id, lk_vectors_hex(v, row, "key_id").data, sizeof request.common.key_id);
    return request;
}

static void poo_challenge_is_that_of_the_vectors(void **state)
{
    (void)state;
    struct lk_vectors v;
    if (!lk_vectors_open(&v, "lurk/tls12.json")) skip();
    const json_t *row;
    size_t i;
    json_array_foreach(lk_vectors_rows(&v, "poo"), i, row) {
        struct lk_tls12_ecdhe request = request_of(&v, row);
        struct lk_bytes want = lk_vectors_hex(&v, row, "c");
        uint8_t c[LK_SHA256_BYTES];
        assert_int_equal(lk_poo_challenge(&request, c), request.poo_prf == 1 ? 16 : 32);
        assert_memory_equal(c, want.data, want.len);
    }
    lk_vectors_close(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(poo_challenge_is_that_of_the_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
