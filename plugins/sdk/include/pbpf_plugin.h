/* pbpf_plugin.h: the binary interface between pbpf and its plugins, version 1.1.
 *
 * Promises: plain C11, no other header of pbpf; everything here is the same in every pbpf with the same major version.
 * Leaves out: what a manifest says (docs/writing-a-plugin.md) and the text form of MIR (docs/mir.md).
 *
 * A plugin is a shared library that exports two symbols:
 *
 *   pbpf_plugin_v1        the descriptor, a struct pbpf_plugin_v1
 *   pbpf_plugin_manifest  the manifest, an array of bytes: UTF-8 JSON; a NUL at the end is not counted
 *
 * pbpf reads both from the file without loading the library. So `size`, `abi_major`, `abi_minor`, `id` and `sdk` must be
 * constants in the descriptor, and the manifest must be an array (`const char pbpf_plugin_manifest[] = "..."`), not a
 * pointer; its length is the size that the linker gives the symbol.
 *
 * The library is loaded, with RTLD_NOW | RTLD_LOCAL, only when one of its passes must run. It is never unloaded.
 * Per process pbpf calls `init` at most once and then `run_pass` any number of times, from one thread at a time;
 * `drop` once at the end, if `init` was called and gave PBPF_OK.
 *
 * Memory: who allocates frees. What pbpf hands in is valid until the call returns. What the plugin hands out, it writes to
 * a sink, which copies. No function of the plugin may let a C++ exception, a Rust panic or a longjmp out.
 */
#ifndef PBPF_PLUGIN_H
#define PBPF_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Another major version is refused. A plugin with a newer minor version than pbpf's is refused too; an older one is accepted.
 * 1.0  the first
 * 1.1  struct pbpf_request_v1 has arch, cpu and kernel
 */
#define PBPF_ABI_MAJOR 1
#define PBPF_ABI_MINOR 1

/* What init and run_pass return. Any other value is taken as PBPF_FAILED. */
#define PBPF_OK 0        /* run_pass: the whole new module was written to `out` */
#define PBPF_UNCHANGED 1 /* run_pass only: the module stays as it is; what was written to `out` is ignored */
#define PBPF_FAILED 2    /* the diagnostics say why */
#define PBPF_PANICKED 3  /* the plugin's own code is wrong; the diagnostics say where */

/* Text: UTF-8, not ended by a NUL. */
struct pbpf_str {
    const char *data;
    size_t len;
};

/* Takes bytes. `write` copies them and gives 0, or gives something else when it takes no more; the plugin then returns PBPF_FAILED. */
struct pbpf_sink {
    void *state; /* for `write` */
    int32_t (*write)(void *state, const char *data, size_t len);
};

/* What pbpf says of itself. */
struct pbpf_host_v1 {
    uint32_t size; /* bytes that pbpf filled: read no further */
    uint16_t abi_major, abi_minor;
    struct pbpf_str version; /* of pbpf, "0.1.0" */
};

/* What a pass is asked. */
struct pbpf_request_v1 {
    uint32_t size; /* bytes that pbpf filled: read no further */
    uint32_t reserved;
    struct pbpf_str pass; /* the name in the manifest, without the plugin's id */
    struct pbpf_str mir;  /* the module, in the text form of MIR */
    /* Since 1.1: */
    struct pbpf_str arch;   /* of the traced kernel, "x86_64" */
    struct pbpf_str cpu;    /* the BPF instruction set, "v1" to "v4" */
    struct pbpf_str kernel; /* the oldest kernel that must accept the object, "6.12"; empty: not said */
};

/* The descriptor. Unused functions are NULL.
 *
 * Diagnostics are JSON objects, one a line:
 *   {"severity": "error", "message": "...", "span": "...", "notes": ["..."], "help": ["..."]}
 * severity is "error", "warning" or "note"; all but message may be left out. `span` is a place as the MIR text writes
 * it behind an instruction.
 */
struct pbpf_plugin_v1 {
    uint32_t size; /* sizeof(struct pbpf_plugin_v1) as the plugin knows it: pbpf reads no further */
    uint16_t abi_major, abi_minor;
    char id[64];  /* the manifest's id, filled up with NULs */
    char sdk[32]; /* what made the plugin, for people ("c", "pbpf-plugin 0.1.0"), filled up with NULs */
    /* Called before the first pass. `*instance` is handed to the other functions. */
    int32_t (*init)(const struct pbpf_host_v1 *host, const struct pbpf_sink *diagnostics, void **instance);
    /* Runs one pass of the manifest. A diagnostic that is an error ends the compilation, whatever is returned. */
    int32_t (*run_pass)(void *instance, const struct pbpf_request_v1 *request, const struct pbpf_sink *out,
                        const struct pbpf_sink *diagnostics);
    /* Gives back what init made. */
    void (*drop)(void *instance);
};

/* What the plugin defines. Declared visible here, so that -fvisibility=hidden does not hide the definitions. */
extern const struct pbpf_plugin_v1 pbpf_plugin_v1 __attribute__((visibility("default")));
extern const char pbpf_plugin_manifest[] __attribute__((visibility("default")));

#ifdef __cplusplus
}
#endif

#endif
