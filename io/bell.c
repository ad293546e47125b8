#include "io/bell.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"

void lk_bell_doze(struct lk_bell_word *bell)
{
    atomic_store_explicit(&bell->asleep, 1, memory_order_relaxed);
    /* Orders our flag before our second look at the rings; its partner is the fence of the ringer,
     * which stands between its push and its look at the flag. */
    atomic_thread_fence(memory_order_seq_cst);
}

void lk_bell_awake(struct lk_bell_word *bell)
{
    atomic_store_explicit(&bell->asleep, 0, memory_order_relaxed);
}

uint32_t lk_bell_word(struct lk_bell_word *bell)
{
    return atomic_load_explicit(&bell->word, memory_order_acquire);
}

void lk_bell_sleep(struct lk_bell_word *bell, uint32_t seen, uint64_t timeout_ns)
{
    struct timespec t = {.tv_sec = (time_t)(timeout_ns / LK_NS_PER_S),
                         .tv_nsec = (long)(timeout_ns % LK_NS_PER_S)};
    /* Not FUTEX_PRIVATE: the ringer is another process. A signal or a changed word ends the sleep
     * early, and the caller looks at its rings either way. */
    syscall(SYS_futex, &bell->word, FUTEX_WAIT, seen, timeout_ns != 0 ? &t : NULL, NULL, 0);
    lk_bell_awake(bell);
}

/* True when the other side sleeps, for one ringer only. */
static bool take_sleeper(struct lk_bell_word *bell)
{
    /* Orders our push before our look at the flag; partner of the fence in lk_bell_doze. */
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&bell->asleep, memory_order_relaxed) == 0) return false;
    return atomic_exchange_explicit(&bell->asleep, 0, memory_order_relaxed) != 0;
}

bool lk_bell_ring_worker(struct lk_bell_word *bell)
{
    if (!take_sleeper(bell)) return false;
    /* The word changes before the wake, so a sleeper on its way into the kernel turns back. */
    atomic_fetch_add_explicit(&bell->word, 1, memory_order_release);
    syscall(SYS_futex, &bell->word, FUTEX_WAKE, 1, NULL, NULL, 0);
    return true;
}

bool lk_bell_ring_loop(struct lk_bell_word *bell, int eventfd)
{
    if (!take_sleeper(bell)) return false;
    uint64_t one = 1;
    ssize_t written;
    do
        written = write(eventfd, &one, sizeof one);
    while (written < 0 && errno == EINTR);
    return true; /* EAGAIN: the counter is full of earlier rings, which wake as well */
}
