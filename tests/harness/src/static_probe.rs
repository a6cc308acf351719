//! What probes of user space find in this process: a function, and a static probe, as SystemTap's `sys/sdt.h` makes them: an instruction that does nothing, and a note that says where
//! its arguments are.
//!
//! Promises: the arguments of the probe are `-9`, the round, the element of an array of 16-bit numbers at the round (100, 101, ...), and the round
//! as a negative number of 32 bits in memory. Leaves out: a semaphore.
//!
//! In that order: libbpf 1.7 reads `4@(%rcx) 2@(%rdx,%rax,2)` as one argument.

/// Passes the probe `pbpf:passed` in round `round`, which is below 8.
#[cfg(target_arch = "x86_64")]
#[inline(never)]
#[allow(unsafe_code, reason = "an instruction that does nothing, and a note beside it")]
pub fn pass(round: u32) {
    let negative = -(round as i32);
    let numbers: [u16; 8] = std::array::from_fn(|n| 100 + n as u16);
    // SAFETY: the only instruction is `nop`; what is in registers is read by whoever attaches to it.
    unsafe {
        std::arch::asm!(
            "990: nop",
            ".pushsection .note.stapsdt, \"?\", \"note\"",
            ".balign 4",
            ".4byte 992f - 991f, 994f - 993f, 3",
            "991: .asciz \"stapsdt\"",
            "992: .balign 4",
            "993: .8byte 990b",
            ".8byte _.stapsdt.base",
            ".8byte 0",
            ".asciz \"pbpf\"",
            ".asciz \"passed\"",
            ".asciz \"-4@$-9 8@{round} 2@0({numbers},{round},2) -4@0({negative})\"",
            "994: .balign 4",
            ".popsection",
            ".ifndef _.stapsdt.base",
            ".pushsection .stapsdt.base, \"aG\", \"progbits\", .stapsdt.base, comdat",
            ".weak _.stapsdt.base",
            ".hidden _.stapsdt.base",
            "_.stapsdt.base: .space 1",
            ".size _.stapsdt.base, 1",
            ".popsection",
            ".endif",
            round = in(reg) u64::from(round),
            negative = in(reg) &raw const negative,
            numbers = in(reg) &raw const numbers,
            options(att_syntax, readonly, nostack),
        );
    }
}

/// Elsewhere there is none.
#[cfg(not(target_arch = "x86_64"))]
pub fn pass(_round: u32) {}

/// A function for probes to trace: its arguments are the round, the text "round", and minus the round; it returns ten times the round.
#[unsafe(no_mangle)]
#[inline(never)]
#[allow(unsafe_code, reason = "a name that a probe finds")]
pub extern "C" fn pbpf_traced(round: u32, text: *const std::ffi::c_char, negative: i64) -> i64 {
    std::hint::black_box((text, negative));
    i64::from(round) * 10
}
