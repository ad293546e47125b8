#include "core/keys/keyid.h"

void lk_keyid_of(struct lk_bytes spki, struct lk_bytes rsa_public, struct lk_keyid *out)
{
    uint8_t digest[LK_SHA256_BYTES];
    *out = (struct lk_keyid){.id_count = 1};
    lk_sha256(spki.data, spki.len, out->full);
    memcpy(out->id[0], out->full, LK_KEY_ID_BYTES);
    if (rsa_public.len == 0) return;
    lk_sha256(rsa_public.data, rsa_public.len, digest);
    memcpy(out->id[1], digest, LK_KEY_ID_BYTES);
    out->id_count = 2;
}
