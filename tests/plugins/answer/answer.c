/* A MIR pass in C: the constant 41 becomes 42.
 *
 * Promises: changes `iconst 41` and nothing else; says how often it did.
 * Leaves out: everything else that a real pass would look at.
 *
 * cc -std=c11 -O2 -fPIC -shared -I INCLUDE answer.c -o libpbpf_answer.so
 */
#include "pbpf_plugin.h"
#include <stdio.h>
#include <string.h>

const char pbpf_plugin_manifest[] =
    "{\"schema\": 1, \"id\": \"answer\", \"version\": \"0.1.0\", \"license\": \"MIT\","
    " \"passes\": [{\"name\": \"answer\", \"doc\": \"the constant 41 becomes 42\", \"default\": true}]}";

static const char from[] = "iconst 41 ", to[] = "iconst 42 ";

/* The next place of `from` at or behind `at`, or the end. */
static const char *find(const char *at, const char *end)
{
    size_t len = sizeof(from) - 1;
    for (; (size_t)(end - at) >= len; at++)
        if (memcmp(at, from, len) == 0)
            return at;
    return end;
}

static int32_t run_pass(void *instance, const struct pbpf_request_v1 *request, const struct pbpf_sink *out,
                        const struct pbpf_sink *diagnostics)
{
    (void)instance;
    const char *at = request->mir.data, *end = at + request->mir.len;
    int count = 0;
    for (;;) {
        const char *hit = find(at, end);
        if (out->write(out->state, at, (size_t)(hit - at)) != 0)
            return PBPF_FAILED;
        if (hit == end)
            break;
        if (out->write(out->state, to, sizeof(to) - 1) != 0)
            return PBPF_FAILED;
        at = hit + sizeof(from) - 1;
        count++;
    }
    if (count == 0)
        return PBPF_UNCHANGED;
    char line[96];
    int len = snprintf(line, sizeof(line), "{\"severity\": \"note\", \"message\": \"41 became 42, %d times\"}\n", count);
    return diagnostics->write(diagnostics->state, line, (size_t)len) == 0 ? PBPF_OK : PBPF_FAILED;
}

const struct pbpf_plugin_v1 pbpf_plugin_v1 = {
    .size = sizeof(struct pbpf_plugin_v1),
    .abi_major = PBPF_ABI_MAJOR,
    .abi_minor = PBPF_ABI_MINOR,
    .id = "answer",
    .sdk = "c",
    .run_pass = run_pass,
};
