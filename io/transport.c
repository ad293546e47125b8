#include "io/transport.h"

static const struct lk_transport *const rows[] = {&lk_transport_tls, &lk_transport_dtls};

const struct lk_transport *lk_transport_find(enum lk_transport_id id)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i]->id == id) return rows[i];
    return NULL;
}
