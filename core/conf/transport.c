#include "core/conf/conf.h"

/* Alone in its file: a test build replaces it at link time to let plain transports in. */
bool lk_conf_transport_served(uint32_t transport)
{
    return transport == LK_TRANSPORT_TLS || transport == LK_TRANSPORT_DTLS;
}
