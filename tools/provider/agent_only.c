/* agent_only: lurk.so takes liblurk without its connections over TLS and DTLS, which are the
 * agent's to have: it asks for no other kind of transport. What stands here is in their place, so
 * that a module that is loaded into every program with this configuration needs no libssl. */
#include "core/base/err.h"
#include "tools/liblurk/identity.h"
#include "tools/liblurk/transport.h"

/* Without an identity liblurk makes no transport of these kinds. */
const struct lk_transport_row lk_transport_tls = {.name = "tls", .secure = true};
const struct lk_transport_row lk_transport_dtls = {.name = "dtls", .secure = true};

struct lurk_identity *lk_identity_hold(struct lurk_identity *identity)
{
    LK_ASSERT(identity == NULL);
    return identity;
}

void lurk_identity_free(struct lurk_identity *identity)
{
    LK_ASSERT(identity == NULL);
}
