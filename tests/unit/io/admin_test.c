#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/http/admin.h"

struct fixture {
    struct lk_process_counters *front, *vault;
    struct lk_admin *admin;
    struct lk_admin_processes shown;
    struct sockaddr_in address;
};

static struct lk_process_counters *new_counters(const char *process, const char *thread)
{
    struct lk_process_counters *c = calloc(1, lk_process_counters_bytes(1));
    assert_non_null(c);
    strcpy(c->process, process);
    strcpy(c->thread[0].thread, thread);
    c->threads = 1;
    return c;
}

static int start(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->front = new_counters("front", "loop 0");
    f->vault = new_counters("vault", "worker 0");
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    f->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof f->address;
    assert_int_equal(bind(fd, (struct sockaddr *)&f->address, len), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&f->address, &len), 0);
    f->shown = (struct lk_admin_processes){.front = f->front, .vault = f->vault};
    struct lk_admin_conf conf = {
        .listen_fd = fd, .pages = &lk_admin_pages_lurkd, .owner = &f->shown};
    assert_int_equal(lk_admin_start(&conf, &f->admin), LK_OK);
    *state = f;
    return 0;
}

static int stop(void **state)
{
    struct fixture *f = *state;
    lk_admin_stop(f->admin);
    free(f->front);
    free(f->vault);
    free(f);
    return 0;
}

/* The whole answer to a request, until the server closes. */
static char *ask(const struct fixture *f, const char *request)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&f->address, sizeof f->address), 0);
    assert_int_equal(write(fd, request, strlen(request)), (int)strlen(request));
    size_t size = 1 << 20, len = 0;
    char *text = malloc(size);
    for (ssize_t n; (n = read(fd, text + len, size - 1 - len)) > 0;)
        len += (size_t)n;
    text[len] = 0;
    close(fd);
    return text;
}

static char *get(const struct fixture *f, const char *path)
{
    char request[128];
    snprintf(request, sizeof request, "GET %s HTTP/1.0\r\n\r\n", path);
    return ask(f, request);
}

static void admin_is_ready_only_with_keys_front_and_vault(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i < 8; i++) {
        atomic_store(&f->front->ready, i & 1);
        atomic_store(&f->vault->ready, i >> 1 & 1);
        atomic_store(&f->front->keys, i >> 2 & 1);
        char *text = get(f, "/readyz");
        assert_non_null(strstr(text, i == 7 ? " 200 " : " 503 "));
        free(text);
        text = get(f, "/healthz");
        assert_non_null(strstr(text, " 200 "));
        free(text);
    }
}

static void admin_metrics_show_what_was_counted(void **state)
{
    struct fixture *f = *state;
    lk_count(&f->front->thread[0], LK_C_HANDSHAKES_BAD_CERT, 3);
    lk_count_add(&f->front->thread[0].requests[LK_X_TLS12_ECDHE][LK_STATUS_SUCCESS], 41);
    for (unsigned i = 1; i <= 20; i++)
        lk_hist_add(&f->vault->thread[0].queue_wait[LK_X_TLS12_ECDHE], i);
    char *text = get(f, "/metrics");
    assert_non_null(strstr(text, "lurk_handshakes_total{result=\"bad_certificate\"} 3\n"));
    assert_non_null(strstr(text, "lurk_requests_total{exchange=\"tls12.ecdhe\",status=\"success\"} 41\n"));
    assert_non_null(
        strstr(text, "lurk_queue_wait_seconds_bucket{exchange=\"tls12.ecdhe\",le=\"1e-05\"} 10\n"));
    assert_non_null(
        strstr(text, "lurk_queue_wait_seconds_bucket{exchange=\"tls12.ecdhe\",le=\"+Inf\"} 20\n"));
    free(text);
}

static void admin_metrics_tell_kernels_from_the_library(void **state)
{
    struct fixture *f = *state;
    struct lk_counters *worker = &f->vault->thread[0];
    lk_count_add(&worker->way_lanes[LK_WAY_KERNEL][LK_ROW_RSA2048], 70);
    lk_count_add(&worker->way_lanes[LK_WAY_LIBRARY][LK_ROW_RSA2048], 5);
    lk_count_add(&worker->way_lanes[LK_WAY_LIBRARY][LK_ROW_POO_X448], 9);
    lk_count_add(&worker->kernel_faults[LK_ROW_RSA3072], 3);
    lk_count_add(&worker->proofs[LK_PROOF_HELD][LK_ROW_POO_X25519], 8);
    lk_count_add(&worker->proofs[LK_PROOF_FAILED][LK_ROW_POO_DH3072], 2);
    atomic_store(&f->vault->rows_out, 1 << LK_ROW_RSA3072);
    static const char *const lines[] = {
        "lurk_row_lanes_total{kernel=\"rsa2048\",way=\"kernel\"} 70\n",
        "lurk_row_lanes_total{kernel=\"rsa2048\",way=\"library\"} 5\n",
        "lurk_row_lanes_total{kernel=\"poo_x448\",way=\"library\"} 9\n",
        "lurk_kernel_faults_total{kernel=\"rsa2048\"} 0\n",
        "lurk_kernel_faults_total{kernel=\"rsa3072\"} 3\n",
        "lurk_kernel_out{kernel=\"rsa2048\"} 0\n",
        "lurk_proofs_total{group=\"x25519\",result=\"held\"} 8\n",
        "lurk_proofs_total{group=\"x25519\",result=\"failed\"} 0\n",
        "lurk_proofs_total{group=\"dh3072\",result=\"failed\"} 2\n",
        "lurk_kernel_out{kernel=\"rsa3072\"} 1\n",
    };
    char *text = get(f, "/metrics");
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_non_null(strstr(text, lines[i]));
    free(text);
}

static void admin_refuses_what_it_does_not_know(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *request, *code;
    } rows[] = {
        {"GET /keys HTTP/1.0\r\n\r\n", " 404 "},
        {"DELETE /metrics HTTP/1.0\r\n\r\n", " 501 "},
        {"POST /metrics HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", " 4"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = ask(f, rows[i].request);
        if (strncmp(rows[i].request, "POST", 4) != 0)
            assert_non_null(strstr(text, rows[i].code));
        else
            assert_null(strstr(text, " 200 "));
        free(text);
    }
}

static void admin_page_passes_promtool(void **state)
{
    struct fixture *f = *state;
    if (system("command -v promtool >/dev/null 2>&1") != 0) {
        print_message("promtool is not installed\n");
        skip();
    }
    lk_count_add(&f->front->thread[0].requests[LK_X_LURK_PING][LK_STATUS_SUCCESS], 1);
    lk_hist_add(&f->vault->thread[0].service[LK_X_TLS12_RSA_MASTER], 250);
    char *text = get(f, "/metrics");
    char *page = strstr(text, "\r\n\r\n");
    assert_non_null(page);
    FILE *judge = popen("promtool check metrics >&2", "w");
    assert_non_null(judge);
    fputs(page + 4, judge);
    assert_int_equal(WEXITSTATUS(pclose(judge)), 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(admin_is_ready_only_with_keys_front_and_vault, start, stop),
        cmocka_unit_test_setup_teardown(admin_metrics_show_what_was_counted, start, stop),
        cmocka_unit_test_setup_teardown(admin_metrics_tell_kernels_from_the_library, start, stop),
        cmocka_unit_test_setup_teardown(admin_refuses_what_it_does_not_know, start, stop),
        cmocka_unit_test_setup_teardown(admin_page_passes_promtool, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
