/* replay: feeds a fuzz target every file of its corpus, without a fuzzer. Each input is handed over
 * in an allocation of exactly its size, so that a sanitizer sees a read past it.
 * Usage: fuzz_<noun>_replay FILE-OR-FOLDER... */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 0 or 1: inputs run; -1: the file cannot be read. */
static int file_replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat st;
    if (file == NULL || fstat(fileno(file), &st) != 0) {
        fprintf(stderr, "replay: %s cannot be opened\n", path);
        if (file != NULL) fclose(file);
        return -1;
    }
    size_t size = (size_t)st.st_size;
    uint8_t *exact = malloc(size);
    size_t got = size > 0 ? fread(exact, 1, size, file) : 0;
    fclose(file);
    if (got != size) {
        fprintf(stderr, "replay: %s: %zu of %zu bytes read\n", path, got, size);
        free(exact);
        return -1;
    }
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 1;
}

static int folder_replay(const char *path)
{
    struct dirent **names;
    int count = scandir(path, &names, NULL, alphasort);
    if (count < 0) {
        fprintf(stderr, "replay: %s is no folder that can be read\n", path);
        return -1;
    }
    int ran = 0;
    for (int i = 0; i < count; i++) {
        char file[1024];
        snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.' && ran >= 0) {
            int one = file_replay(file);
            ran = one < 0 ? -1 : ran + one;
        }
        free(names[i]);
    }
    free(names);
    return ran;
}

int main(int argc, char **argv)
{
    int ran = 0;
    for (int i = 1; i < argc; i++) {
        struct stat st;
        int here = stat(argv[i], &st) == 0 && S_ISREG(st.st_mode) ? file_replay(argv[i])
                                                                  : folder_replay(argv[i]);
        if (here < 0) return 1;
        ran += here;
    }
    if (ran == 0) {
        fprintf(stderr, "replay: no input: give files, or a folder that holds some\n");
        return 1;
    }
    printf("  ok       %s (%d inputs)\n", argv[argc - 1], ran);
    return 0;
}
