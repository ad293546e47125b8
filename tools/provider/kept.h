/* kept: what a thread remembers between libssl's calls, until the question comes that it is for:
 * small rings of equal entries, wiped when they are used, when they are old, when room is needed.
 *
 * The memory is not dumped and is empty in a forked child. An entry that is all zero is free.
 * Owner one thread. Time depends on how many entries there are, not on what is in them. */
#ifndef LK_TOOLS_PROVIDER_KEPT_H
#define LK_TOOLS_PROVIDER_KEPT_H

#include "crypto/hash.h"
#include "tools/provider/transcript.h"

#define LK_KEPT_S_MAX 256 /* full handshakes between hello and signature; by RSA: a round trip */
#define LK_KEPT_PRIVATE_MAX 16
#define LK_KEPT_SHARED_MAX 32
#define LK_KEPT_HANDLE_MAX 16
#define LK_KEPT_FINAL_MAX 16
#define LK_KEPT_HELLO_MAX 64 /* a round trip of clients that were sent a HelloRetryRequest */
#define LK_PREMASTER_BYTES 48
#define LK_CIPHERTEXT_BYTES_MAX 2048 /* RSA of 16,384 bits */

/* At the head of every entry. 0: free. */
struct lk_kept_stamp {
    uint64_t made_ns;
};

/* S, and F(S) as the peer sees it. */
struct lk_kept_s {
    struct lk_kept_stamp stamp;
    uint8_t s[32], random[32];
    bool tls13;
};
/* An output of the random source for private keys. */
struct lk_kept_private {
    struct lk_kept_stamp stamp;
    uint8_t bytes[66];
    size_t len;
};
/* A shared secret; which handshake it is of, the transcript hash says that its traffic secrets were
 * derived with. */
struct lk_kept_shared {
    struct lk_kept_stamp stamp;
    uint8_t secret[132], handshake_secret[48], transcript_hash[48];
    size_t secret_len, hash_len; /* hash_len 0: not derived yet */
};
/* What stands for the premaster in libssl, and the ciphertext it came of. */
struct lk_kept_handle {
    struct lk_kept_stamp stamp;
    uint8_t handle[LK_PREMASTER_BYTES];
    uint8_t ciphertext[LK_CIPHERTEXT_BYTES_MAX];
    size_t ciphertext_len;
    uint16_t client_version;
    struct lk_pkey *key; /* a reference */
};
/* A digest that libssl was given, and what it was given it of. */
struct lk_kept_final {
    struct lk_kept_stamp stamp;
    uint8_t hash[48];
    size_t hash_len, at;
    struct lk_transcript *transcript; /* a reference */
};

struct lk_kept {
    struct lk_kept_s s[LK_KEPT_S_MAX];
    struct lk_kept_private private[LK_KEPT_PRIVATE_MAX];
    struct lk_kept_shared shared[LK_KEPT_SHARED_MAX];
    struct lk_kept_handle handle[LK_KEPT_HANDLE_MAX];
    struct lk_kept_final final[LK_KEPT_FINAL_MAX];
    struct lk_kept_final hello[LK_KEPT_HELLO_MAX];
    unsigned next_private; /* private numbers are looked for in the order they were drawn */
    uint64_t expired_ns;   /* when all were looked through last */
};

/* NULL: no memory that may be used for secrets. */
struct lk_kept *lk_kept_new(void);
void lk_kept_free(struct lk_kept *kept);

/* Every entry past its age is wiped; looks through them ten times a second at most. Called before
 * each of the others. */
void lk_kept_expire(struct lk_kept *kept, uint64_t now_ns);

/* A place for a new entry, stamped, else all zero: a free one, or the oldest, which goes. */
struct lk_kept_s *lk_kept_s_take(struct lk_kept *kept, uint64_t now_ns);
struct lk_kept_private *lk_kept_private_take(struct lk_kept *kept, uint64_t now_ns);
struct lk_kept_shared *lk_kept_shared_take(struct lk_kept *kept, uint64_t now_ns);
struct lk_kept_handle *lk_kept_handle_take(struct lk_kept *kept, uint64_t now_ns);
struct lk_kept_final *lk_kept_final_take(struct lk_kept *kept, uint64_t now_ns);
struct lk_kept_final *lk_kept_hello_take(struct lk_kept *kept, uint64_t now_ns);

/* The one that is asked for; NULL: there is none. More than one is none: that is no answer. */
struct lk_kept_s *lk_kept_s_find(struct lk_kept *kept, const uint8_t random[32]);
struct lk_kept_shared *lk_kept_shared_by_secret(struct lk_kept *kept, struct lk_bytes secret);
struct lk_kept_shared *lk_kept_shared_by_hash(struct lk_kept *kept, struct lk_bytes hash);
struct lk_kept_handle *lk_kept_handle_find(struct lk_kept *kept, struct lk_bytes handle);
struct lk_kept_final *lk_kept_final_find(struct lk_kept *kept, struct lk_bytes hash);
struct lk_kept_final *lk_kept_hello_find(struct lk_kept *kept, struct lk_bytes hash);
/* The i-th of the private numbers, the newest first; NULL: no more. */
struct lk_kept_private *lk_kept_private_at(struct lk_kept *kept, unsigned i);

/* Used: wiped, its references let go. */
void lk_kept_s_drop(struct lk_kept_s *entry);
void lk_kept_shared_drop(struct lk_kept_shared *entry);
void lk_kept_handle_drop(struct lk_kept_handle *entry);
void lk_kept_final_drop(struct lk_kept_final *entry);
void lk_kept_private_drop_all(struct lk_kept *kept);

#endif
