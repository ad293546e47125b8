/* Private keys over generations: what a keyring holds after a load, a retreat and a retirement. */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/secret.h"
#include "io/vault_keys.h"
#include "tests/support/test_keys.h"

#define CONF                                                                                        \
    "channel: {certificate: /c/cert.pem, key: /c/key.pem, ca: /c/ca.pem}\n"                         \
    "listen: [{address: 127.0.0.1, port: 7000, transport: tls}]\n"                                  \
    "tenants: [{name: a}]\n"                                                                        \
    "keys: [{name: k, tenant: a, file: /k/k, uses: [tls12-sign]}]\n"                                \
    "edges: [{name: e, tenant: a, match: 'uri:a'}]\n"                                               \
    "rules: [{name: r, tenant: a, edges: all, keys: all, exchanges: all}]\n"

static struct lk_conf *conf;
static struct lk_vault_keys *keys;
static struct lk_bytes pkcs8;

static int open_secret(void **state)
{
    (void)state;
    assert_int_equal(lk_secret_open(), LK_OK);
    return 0;
}

static int open_keys(void **state)
{
    (void)state;
    char error[2048];
    assert_int_equal(lk_conf_parse("f", lk_bytes_of(CONF, strlen(CONF)), &conf, error, sizeof error), LK_OK);
    assert_int_equal(lk_vault_keys_new(1, eventfd(0, EFD_CLOEXEC), &keys), LK_OK);
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    pkcs8 = lk_test_pkcs8(pkey);
    EVP_PKEY_free(pkey);
    return 0;
}

static int close_keys(void **state)
{
    (void)state;
    lk_vault_keys_free(keys);
    lk_conf_free(conf);
    free((void *)(uintptr_t)pkcs8.data);
    return 0;
}

/* The handle of the one key of this generation. */
static uint64_t load(uint64_t generation)
{
    enum lk_key_fault fault;
    static struct lk_message m;
    struct lk_key_public_message head;
    int fd;
    assert_int_equal(lk_blob_make(pkcs8.data, pkcs8.len, &fd), LK_OK);
    const struct lk_vault_key_files files = {.key_fd = fd, .passphrase_fd = -1, .chain_fd = -1};
    assert_int_equal(lk_vault_keys_begin(keys, generation, conf), LK_OK);
    assert_int_equal(lk_vault_keys_add(keys, 0, &files, &fault), LK_OK);
    lk_vault_keys_public(keys, 0, &m);
    lk_vault_keys_commit(keys);
    close(fd);
    memcpy(&head, m.body, sizeof head);
    return head.handle;
}

static bool served(uint64_t handle)
{
    struct lk_keyring *ring = lk_vault_keys_ring(keys);
    assert_non_null(ring);
    bool found = lk_keyring_find(ring, handle) != NULL;
    lk_keyring_free(ring);
    return found;
}

static void vault_keys_take_back_one_generation_alone(void **state)
{
    (void)state;
    uint64_t first = load(1), second = load(2);
    assert_true(served(first) && served(second));
    lk_vault_keys_take_back(keys, 2, 1);
    lk_vault_keys_sweep(keys);
    assert_true(served(first));
    assert_false(served(second));
    assert_int_equal(lk_vault_keys_count(keys), 1);
    uint64_t third = load(3); /* numbers go on */
    assert_true(served(first) && served(third));
    lk_vault_keys_retire(keys, 3);
    assert_true(!served(first) && served(third));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(vault_keys_take_back_one_generation_alone, open_keys, close_keys),
    };
    return cmocka_run_group_tests(tests, open_secret, NULL);
}
