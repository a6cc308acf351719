/* A plugin with one fault, chosen when it is compiled.
 *
 * Promises: without a -D it is a good plugin with one pass, which leaves the module as it is. Each macro below spoils one thing.
 */
#include "pbpf_plugin.h"
#include <string.h>

#ifndef ABI_MAJOR
#define ABI_MAJOR PBPF_ABI_MAJOR
#endif
#ifndef ABI_MINOR
#define ABI_MINOR PBPF_ABI_MINOR
#endif
#ifndef SIZE
#define SIZE sizeof(struct pbpf_plugin_v1)
#endif
#ifndef ID
#define ID "bad"
#endif
#ifndef MANIFEST
#define MANIFEST "{\"schema\": 1, \"id\": \"bad\", \"passes\": [{\"name\": \"bad\", \"doc\": \"does something bad\"}]}"
#endif

#ifndef NO_MANIFEST
const char pbpf_plugin_manifest[] = MANIFEST;
#endif

#ifdef INIT_FAILS
static int32_t init(const struct pbpf_host_v1 *host, const struct pbpf_sink *diagnostics, void **instance)
{
    static const char why[] = "{\"message\": \"no license server\"}\n";
    (void)host, (void)instance;
    diagnostics->write(diagnostics->state, why, sizeof(why) - 1);
    return PBPF_FAILED;
}
#endif

__attribute__((unused)) static int32_t run_pass(void *instance, const struct pbpf_request_v1 *request, const struct pbpf_sink *out,
                        const struct pbpf_sink *diagnostics)
{
    (void)instance, (void)request, (void)out, (void)diagnostics;
#ifdef WRITES /* this text instead of a module */
    out->write(out->state, WRITES, strlen(WRITES));
    return PBPF_OK;
#elif defined(WRITES_FOR_EVER)
    char block[4096];
    memset(block, 'x', sizeof(block));
    while (out->write(out->state, block, sizeof(block)) == 0)
        ;
    return PBPF_FAILED;
#elif defined(RETURNS)
    return RETURNS;
#else
    return PBPF_UNCHANGED;
#endif
}

#ifndef NO_DESCRIPTOR
#ifdef SHORT_SYMBOL /* the size says more than there is */
const uint32_t pbpf_plugin_v1_short[2] __asm__("pbpf_plugin_v1") __attribute__((visibility("default"))) = {
    sizeof(struct pbpf_plugin_v1), ABI_MAJOR | ABI_MINOR << 16};
#else
const struct pbpf_plugin_v1 pbpf_plugin_v1 = {
    .size = SIZE,
    .abi_major = ABI_MAJOR,
    .abi_minor = ABI_MINOR,
    .id = ID,
    .sdk = "c",
#ifdef INIT_FAILS
    .init = init,
#endif
#ifndef NO_RUN_PASS
    .run_pass = run_pass,
#endif
};
#endif
#endif
