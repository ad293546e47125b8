#include "io/http/admin.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define HEADER_BYTES_MAX 8192
#define REQUEST_S_MAX 5

struct lk_admin {
    struct lk_admin_conf conf;
    struct event_base *base;
    struct evhttp *http;
    struct event *stop_event;
    int stop_fd;
    pthread_t thread;
};

static const char *fault_of_lurkd(const void *owner)
{
    const struct lk_admin_processes *p = owner;
    bool ready = atomic_load(&p->front->ready) != 0 && atomic_load(&p->vault->ready) != 0 &&
                 atomic_load(&p->front->keys) > 0;
    return ready ? NULL : "no keys, or front or vault not serving";
}

static void metrics_of_lurkd(const void *owner, FILE *to)
{
    const struct lk_admin_processes *p = owner;
    const struct lk_process_counters *processes[] = {p->front, p->vault};
    lk_metrics_write(to, processes, 2);
}

const struct lk_admin_pages lk_admin_pages_lurkd = {fault_of_lurkd, metrics_of_lurkd};

static void answer(struct evhttp_request *request, int code, const char *type,
                   struct evbuffer *body)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    evhttp_add_header(headers, "Content-Type", type);
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_send_reply(request, code, NULL, body);
}

static void answer_text(struct evhttp_request *request, int code, const char *text)
{
    struct evbuffer *body = evbuffer_new();
    if (body != NULL) evbuffer_add_printf(body, "%s\n", text);
    answer(request, code, "text/plain; charset=utf-8", body);
    if (body != NULL) evbuffer_free(body);
}

static void serve_health(struct evhttp_request *request, void *arg)
{
    (void)arg;
    answer_text(request, HTTP_OK, "ok");
}

static void serve_ready(struct evhttp_request *request, void *arg)
{
    const struct lk_admin *admin = arg;
    const char *fault = admin->conf.pages->fault(admin->conf.owner);
    char text[256];
    snprintf(text, sizeof text, "not ready: %s", fault != NULL ? fault : "");
    answer_text(request, fault == NULL ? HTTP_OK : HTTP_SERVUNAVAIL,
                fault == NULL ? "ready" : text);
}

static void serve_metrics(struct evhttp_request *request, void *arg)
{
    const struct lk_admin *admin = arg;
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    if (to == NULL) {
        answer_text(request, HTTP_INTERNAL, "out of memory");
        return;
    }
    admin->conf.pages->metrics(admin->conf.owner, to);
    fclose(to);
    struct evbuffer *body = evbuffer_new();
    if (body != NULL) evbuffer_add(body, text, len);
    answer(request, HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", body);
    if (body != NULL) evbuffer_free(body);
    free(text);
}

static void serve_other(struct evhttp_request *request, void *arg)
{
    (void)arg;
    answer_text(request, HTTP_NOTFOUND, "known: /metrics /healthz /readyz");
}

static const struct {
    const char *path;
    void (*serve)(struct evhttp_request *request, void *admin);
} pages[] = {
    {"/metrics", serve_metrics},
    {"/healthz", serve_health},
    {"/readyz", serve_ready},
};

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    event_base_loopbreak(((struct lk_admin *)arg)->base);
}

static void *serve(void *arg)
{
    struct lk_admin *admin = arg;
    pthread_setname_np(pthread_self(), "admin");
    event_base_dispatch(admin->base);
    return NULL;
}

static bool set_up(struct lk_admin *admin)
{
    admin->base = event_base_new();
    if (admin->base == NULL) return false;
    admin->http = evhttp_new(admin->base);
    if (admin->http == NULL) return false;
    evhttp_set_max_headers_size(admin->http, HEADER_BYTES_MAX);
    evhttp_set_max_body_size(admin->http, 0);
    evhttp_set_timeout(admin->http, REQUEST_S_MAX);
    evhttp_set_allowed_methods(admin->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        evhttp_set_cb(admin->http, pages[i].path, pages[i].serve, admin);
    evhttp_set_gencb(admin->http, serve_other, admin);
    evutil_make_socket_nonblocking(admin->conf.listen_fd);
    if (evhttp_accept_socket(admin->http, admin->conf.listen_fd) != 0) return false;
    admin->stop_event = event_new(admin->base, admin->stop_fd, EV_READ, on_stop, admin);
    return admin->stop_event != NULL && event_add(admin->stop_event, NULL) == 0;
}

static void tear_down(struct lk_admin *admin)
{
    if (admin->stop_event != NULL) event_free(admin->stop_event);
    if (admin->http != NULL) evhttp_free(admin->http); /* closes the listening socket */
    if (admin->base != NULL) event_base_free(admin->base);
    if (admin->stop_fd >= 0) close(admin->stop_fd);
    free(admin);
}

lk_err lk_admin_start(const struct lk_admin_conf *conf, struct lk_admin **out)
{
    struct lk_admin *admin = calloc(1, sizeof *admin);
    LK_REQUIRE(admin != NULL, LK_ERR_MEMORY);
    admin->conf = *conf;
    admin->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (admin->stop_fd < 0 || !set_up(admin) ||
        pthread_create(&admin->thread, NULL, serve, admin) != 0) {
        tear_down(admin);
        return LK_ERR_MEMORY;
    }
    *out = admin;
    return LK_OK;
}

void lk_admin_stop(struct lk_admin *admin)
{
    if (admin == NULL) return;
    const uint64_t one = 1;
    ssize_t written = write(admin->stop_fd, &one, sizeof one);
    LK_ASSERT(written == sizeof one);
    pthread_join(admin->thread, NULL);
    tear_down(admin);
}
