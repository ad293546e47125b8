#include "bench/shim.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <vector>

namespace
{

/* A suite of one repetition is a round: its rows are shuffled by the library. With all repetitions
 * in one suite the library would shuffle them over the whole time, and no two values of different
 * rows would belong together. */
void start_library()
{
    static bool started = false;
    if (started) return;
    static char program[] = "bench", shuffle[] = "--benchmark_enable_random_interleaving=true",
                once[] = "--benchmark_repetitions=1";
    char *argv[] = {program, shuffle, once, nullptr};
    int argc = 3;
    benchmark::Initialize(&argc, argv);
    started = true;
}

class Rounds : public benchmark::BenchmarkReporter
{
  public:
    Rounds(lk_shim_row *rows, unsigned count) : rows_(rows), count_(count)
    {
    }
    bool ReportContext(const Context &) override
    {
        return true;
    }
    void ReportRuns(const std::vector<Run> &runs) override
    {
        for (const Run &run : runs)
            take(run);
    }
    void next()
    {
        round_++;
    }
    bool good() const
    {
        return good_;
    }

  private:
    void take(const Run &run)
    {
        const std::string &name = run.run_name.function_name;
        auto row = std::find_if(rows_, rows_ + count_,
                                [&](const lk_shim_row &r) { return name == r.name; });
        if (run.error_occurred || row == rows_ + count_) {
            std::fprintf(stderr, "bench: %s: %s\n", name.c_str(), run.error_message.c_str());
            good_ = false;
            return;
        }
        double items = static_cast<double>(run.iterations) * row->items;
        row->ns[round_] = run.cpu_accumulated_time * 1e9 / items;
    }

    lk_shim_row *rows_;
    unsigned count_, round_ = 0;
    bool good_ = true;
};

double cpu_seconds()
{
    timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/* How many runs take so many seconds, after a tenth of that; 0: one failed. */
benchmark::IterationCount runs_of(const lk_shim_row &row, double seconds)
{
    double start = cpu_seconds(), taken = 0;
    unsigned done = 0;
    while (taken < seconds / 10) {
        if (!row.run(row.context)) return 0;
        done++;
        taken = cpu_seconds() - start;
    }
    double runs = seconds * done / std::max(taken, 1e-9);
    return std::max<benchmark::IterationCount>(1, static_cast<benchmark::IterationCount>(runs));
}

void measure(benchmark::State &state, const lk_shim_row &row)
{
    for (auto _ : state) {
        if (row.run(row.context)) continue;
        state.SkipWithError("a result was missing while it was measured");
        break;
    }
}

/* Counted once, so that a row does the same work in every round. */
bool enter(const lk_shim_row *row, double seconds)
{
    if (row->run == nullptr) return true;
    bool right = row->check(row->context);
    benchmark::IterationCount runs = right ? runs_of(*row, seconds) : 0;
    if (runs == 0) {
        std::fprintf(stderr, "bench: %s: %s\n", row->name,
                     right ? "a result was missing" : "the result is wrong");
        return false;
    }
    auto body = [row](benchmark::State &state) { measure(state, *row); };
    benchmark::RegisterBenchmark(row->name, body)->Iterations(runs);
    return true;
}

bool enter_all(const lk_shim_row *rows, unsigned count, double seconds)
{
    return std::all_of(rows, rows + count,
                       [=](const lk_shim_row &row) { return enter(&row, seconds); });
}

} // namespace

bool lk_shim_measure(struct lk_shim_row *rows, unsigned count,
                     const struct lk_shim_settings *settings)
{
    start_library();
    Rounds rounds(rows, count);
    bool good = enter_all(rows, count, settings->seconds);
    for (unsigned round = 0; good && round < settings->rounds; round++) {
        benchmark::RunSpecifiedBenchmarks(&rounds, "all");
        rounds.next();
        good = rounds.good();
    }
    benchmark::ClearRegisteredBenchmarks();
    return good;
}
