#include "tools/provider/kept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "tools/provider/key.h"

#define S UINT64_C(1000000000)

/* Keys of these entries stay with the test. */
void lk_pkey_free(struct lk_pkey *key)
{
    if (key != NULL) key->references--;
}

static int begin(void **state)
{
    *state = lk_kept_new();
    return *state == NULL ? -1 : 0;
}

static int end(void **state)
{
    lk_kept_free(*state);
    return 0;
}

static bool is_zero(const void *data, size_t len)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != 0) return false;
    return true;
}

static struct lk_kept_s *s_put(struct lk_kept *kept, uint8_t name, uint64_t now_ns)
{
    struct lk_kept_s *s = lk_kept_s_take(kept, now_ns);
    memset(s->random, name, sizeof s->random);
    memset(s->s, 0xee, sizeof s->s);
    return s;
}

static void kept_is_found_by_its_whole_name(void **state)
{
    struct lk_kept *kept = *state;
    struct lk_kept_s *one = s_put(kept, 1, S), *two = s_put(kept, 2, S);
    assert_ptr_equal(lk_kept_s_find(kept, one->random), one);
    assert_ptr_equal(lk_kept_s_find(kept, two->random), two);
    for (size_t i = 0; i < 32; i++) {
        uint8_t other[32];
        memset(other, 1, sizeof other);
        other[i] ^= 0x80;
        assert_null(lk_kept_s_find(kept, other));
    }
}

/* Two that both fit are no answer. */
static void kept_twice_is_not_found(void **state)
{
    struct lk_kept *kept = *state;
    struct lk_kept_s *one = s_put(kept, 1, S);
    s_put(kept, 1, S);
    assert_null(lk_kept_s_find(kept, one->random));
}

static void kept_is_wiped_when_it_was_used(void **state)
{
    struct lk_kept *kept = *state;
    struct lk_kept_s *s = s_put(kept, 1, S);
    struct lk_kept_shared *shared = lk_kept_shared_take(kept, S);
    memset(shared->secret, 0xee, sizeof shared->secret);
    struct lk_pkey key = {.references = 2};
    struct lk_kept_handle *handle = lk_kept_handle_take(kept, S);
    memset(handle->handle, 0xee, sizeof handle->handle);
    handle->key = &key;
    struct lk_kept_private *number = lk_kept_private_take(kept, S);
    memset(number->bytes, 0xee, sizeof number->bytes);
    lk_kept_s_drop(s);
    lk_kept_shared_drop(shared);
    lk_kept_handle_drop(handle);
    lk_kept_private_drop_all(kept);
    assert_true(is_zero(kept, sizeof *kept));
    assert_int_equal(key.references, 1);
    assert_null(lk_kept_private_at(kept, 0));
}

static void kept_is_wiped_when_it_is_old(void **state)
{
    struct lk_kept *kept = *state;
    s_put(kept, 1, S);
    memset(lk_kept_private_take(kept, S)->bytes, 0xee, 66);
    memset(lk_kept_shared_take(kept, S)->secret, 0xee, 132);
    lk_kept_expire(kept, 2 * S);
    assert_non_null(lk_kept_private_at(kept, 0));
    lk_kept_expire(kept, 3 * S + S / 2); /* private numbers: 2 s */
    assert_null(lk_kept_private_at(kept, 0));
    assert_true(is_zero(kept->private, sizeof kept->private));
    assert_false(is_zero(kept->shared, sizeof kept->shared));
    lk_kept_expire(kept, 7 * S);
    assert_true(is_zero(kept->shared, sizeof kept->shared));
    lk_kept_expire(kept, 30 * S);
    assert_false(is_zero(kept->s, sizeof kept->s));
    lk_kept_expire(kept, 32 * S);
    assert_true(is_zero(kept->s, sizeof kept->s));
}

static void kept_makes_room_by_the_oldest(void **state)
{
    struct lk_kept *kept = *state;
    uint8_t name[32];
    for (unsigned i = 0; i <= LK_KEPT_S_MAX; i++) {
        struct lk_kept_s *s = lk_kept_s_take(kept, S + i);
        memcpy(s->random, &i, sizeof i);
    }
    for (unsigned i = 0; i <= LK_KEPT_S_MAX; i++) {
        memset(name, 0, sizeof name);
        memcpy(name, &i, sizeof i);
        assert_int_equal(lk_kept_s_find(kept, name) != NULL, i > 0);
    }
}

static void kept_private_numbers_come_newest_first(void **state)
{
    struct lk_kept *kept = *state;
    for (unsigned i = 0; i < LK_KEPT_PRIVATE_MAX + 3; i++)
        lk_kept_private_take(kept, S)->len = i;
    for (unsigned i = 0; i < LK_KEPT_PRIVATE_MAX; i++)
        assert_int_equal(lk_kept_private_at(kept, i)->len, LK_KEPT_PRIVATE_MAX + 2 - i);
    assert_null(lk_kept_private_at(kept, LK_KEPT_PRIVATE_MAX));
}

/* A shared secret has two names: the secret made of it, then the transcript of its handshake. */
static void kept_shared_is_found_by_its_handshake(void **state)
{
    struct lk_kept *kept = *state;
    uint8_t hash[48];
    memset(hash, 7, sizeof hash);
    struct lk_kept_shared *one = lk_kept_shared_take(kept, S), *two = lk_kept_shared_take(kept, S);
    memset(one->handshake_secret, 1, 48);
    memset(two->handshake_secret, 2, 48);
    assert_null(lk_kept_shared_by_hash(kept, lk_bytes_of(hash, 48)));
    assert_ptr_equal(lk_kept_shared_by_secret(kept, lk_bytes_of(two->handshake_secret, 48)), two);
    memcpy(two->transcript_hash, hash, 48);
    two->hash_len = 48;
    assert_ptr_equal(lk_kept_shared_by_hash(kept, lk_bytes_of(hash, 48)), two);
    assert_null(lk_kept_shared_by_hash(kept, lk_bytes_of(hash, 32)));
    assert_null(lk_kept_shared_by_hash(kept, lk_bytes_of(hash, 0)));
}

static void kept_is_empty_in_a_forked_child(void **state)
{
    struct lk_kept *kept = *state;
    s_put(kept, 1, S);
    pid_t child = fork();
    if (child == 0) _exit(is_zero(kept, sizeof *kept) ? 0 : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_false(is_zero(kept, sizeof *kept));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(kept_is_found_by_its_whole_name),
        T(kept_twice_is_not_found),
        T(kept_is_wiped_when_it_was_used),
        T(kept_is_wiped_when_it_is_old),
        T(kept_makes_room_by_the_oldest),
        T(kept_private_numbers_come_newest_first),
        T(kept_shared_is_found_by_its_handshake),
        T(kept_is_empty_in_a_forked_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
