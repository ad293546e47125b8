/* Any bytes as what is in a certificate request, and as the certificate that bounds it: the first two
 * say where one ends and the other begins. What is good lies inside, begins as nothing else does, and
 * is of no key but the one that is given. */
#include <stdlib.h>

#include "core/base/err.h"
#include "core/keys/cert_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct lk_bytes outer, struct lk_bytes view)
{
    LK_ASSERT(view.len == 0 || (view.data > outer.data && view.data + view.len <= outer.data + outer.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_cursor c = lk_cursor_of(lk_bytes_of(data, size));
    struct lk_bytes info = lk_cursor_vec16(&c);
    struct lk_bytes certificate = lk_cursor_take(&c, lk_cursor_left(&c)), spki;
    struct lk_certificate_names names;
    struct lk_cert_request request;
    if (c.bad) return 0;
    if (lk_certificate_names(certificate, &names)) {
        inside(certificate, names.subject);
        inside(certificate, names.alt_names);
        LK_ASSERT(lk_certificate_spki(certificate, &spki));
    }
    bool begins = lk_cert_request_begins(info);
    if (lk_cert_request_parse(info, &request) != LK_CERT_REQUEST_GOOD) return 0;
    inside(info, request.subject);
    inside(info, request.spki);
    inside(info, request.alt_names);
    LK_ASSERT(begins && lk_cert_request_resembles(info) && request.subject.len >= 2 && request.spki.len >= 2);
    struct lk_cert_names *has;
    if (lk_cert_names_new(certificate, &has) != LK_OK) return 0;
    for (uint32_t i = 0; i < has->count; i++) {
        inside(certificate, has->dns[i]);
        LK_ASSERT(lk_cert_names_find(has, has->dns[i]) == i);
    }
    (void)lk_cert_request_judge(&request, request.spki, has);
    LK_ASSERT(lk_cert_request_judge(&request, request.subject, has) == LK_CERT_REQUEST_KEY ||
              lk_bytes_equal(request.subject, request.spki));
    free(has);
    return 0;
}
