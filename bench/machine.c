#include "bench/machine.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "crypto/cpu.h"

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

static void end_line(char *text)
{
    text[strcspn(text, "\n")] = 0;
}

/* The first line that a command prints. */
static void first_line(const char *command, char *to, int size)
{
    FILE *pipe = popen(command, "r");
    if (pipe == NULL || fgets(to, size, pipe) == NULL) snprintf(to, (size_t)size, "unknown");
    if (pipe != NULL) pclose(pipe);
    end_line(to);
}

/* The value of the first line of /proc/cpuinfo that has this name. */
static void cpu_line(const char *name, char *to, int size)
{
    char line[4096];
    snprintf(to, (size_t)size, "unknown");
    FILE *file = fopen("/proc/cpuinfo", "re");
    if (file == NULL) return;
    size_t len = strlen(name);
    while (fgets(line, sizeof line, file) != NULL) {
        const char *colon = strchr(line, ':');
        bool found = strncmp(line, name, len) == 0 && (line[len] == '\t' || line[len] == ' ');
        if (!found || colon == NULL || strchr("\t:", line[len + strspn(line + len, " \t")]) == NULL)
            continue;
        end_line(line);
        snprintf(to, (size_t)size, "%s", colon + 1 + strspn(colon + 1, " "));
        break;
    }
    fclose(file);
}

static json_t *hardware(void)
{
    char model[100], family[20], number[20], mhz[30], cpu[200], isa[100];
    cpu_line("model name", model, sizeof model);
    cpu_line("cpu family", family, sizeof family);
    cpu_line("model", number, sizeof number);
    cpu_line("cpu MHz", mhz, sizeof mhz);
    snprintf(cpu, sizeof cpu, "%s family %s model %s at %s MHz", model, family, number, mhz);
    uint32_t features;
    (void)lk_cpu_features(&features);
    lk_cpu_text(features, isa, sizeof isa);
    struct utsname system;
    uname(&system);
    return json_pack("{s:s, s:i, s:s, s:s, s:s}", "cpu", cpu, "cpus",
                     (int)sysconf(_SC_NPROCESSORS_ONLN), "kernel", system.release, "system",
                     system.machine, "features", isa);
}

void lk_machine_describe(json_t *result)
{
    char date[40], commit[80];
    time_t now = time(NULL);
    struct tm utc;
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S+00:00", gmtime_r(&now, &utc));
    first_line("git describe --always --dirty --abbrev=12 2>/dev/null", commit, sizeof commit);
    json_object_set_new(result, "date", json_string(date));
    json_object_set_new(result, "commit", json_string(commit));
    json_object_set_new(result, "compiler", json_string(COMPILER));
    json_object_set_new(result, "openssl", json_string(OpenSSL_version(OPENSSL_VERSION)));
    json_object_set_new(result, "machine", hardware());
}
