/* check: what must hold between options and rows of one configuration, once each is good by itself:
 * tenants, doubled addresses and patterns, one key for two jobs, plain transports. */
#ifndef LK_CORE_CONF_CHECK_H
#define LK_CORE_CONF_CHECK_H

#include "core/conf/conf.h"
#include "core/conf/fault.h"

void lk_conf_check(const struct lk_conf *conf, struct lk_faults *faults);

#endif
