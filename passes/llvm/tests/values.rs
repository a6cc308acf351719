//! Arithmetic, comparisons and casts: what the kernel computes is what MIR says, for operands that LLVM does not know and
//! for constants.
#![allow(clippy::unwrap_used, reason = "a failing test may panic")]

mod support;

use pbpf_core::mir::{BinaryOp, Cond};
use pbpf_core::target::Cpu;
use pbpf_llvm::{EmitOptions, OptLevel};
use std::fmt::Write;
use support::{Case, kernel, load, run, variable};

const WORDS: [u64; 12] =
    [0, 1, 2, 7, 31, 64, 100, 0x8000_0000, 0xffff_ffff, u64::MAX, 1 << 63, 0x0123_4567_89ab_cdef];

/// What MIR says of an operation on `bits` bits.
fn meaning(op: BinaryOp, bits: u32, a: u64, b: u64) -> u64 {
    let mask = if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
    let (a, b) = (a & mask, b & mask);
    let signed = |x: u64| ((x << (64 - bits)) as i64) >> (64 - bits);
    let shift = b % u64::from(bits);
    mask & match op {
        BinaryOp::Add => a.wrapping_add(b),
        BinaryOp::Sub => a.wrapping_sub(b),
        BinaryOp::Mul => a.wrapping_mul(b),
        BinaryOp::Udiv => a.checked_div(b).unwrap_or(0),
        BinaryOp::Urem => a.checked_rem(b).unwrap_or(a),
        BinaryOp::Sdiv if b == 0 => 0,
        BinaryOp::Sdiv => signed(a).wrapping_div(signed(b)) as u64,
        BinaryOp::Srem if b == 0 => a,
        BinaryOp::Srem => signed(a).wrapping_rem(signed(b)) as u64,
        BinaryOp::And => a & b,
        BinaryOp::Or => a | b,
        BinaryOp::Xor => a ^ b,
        BinaryOp::Shl => a << shift,
        BinaryOp::Lshr => a >> shift,
        BinaryOp::Ashr => (signed(a) >> shift) as u64,
        BinaryOp::Floordiv | BinaryOp::Floormod => unreachable!("abstract"),
    }
}

/// A program that stores `op` of its first two words, cut to `bits`, in `out`; `b` may be a constant.
fn program(index: usize, name: &str, op: &str, bits: u32, b: Option<i64>) -> String {
    let cut = |value: &str, from: &str| match bits {
        64 => String::new(),
        _ => format!("  {value}: i{bits} = trunc {from}\n"),
    };
    let (a, from_b) = if bits == 64 { ("v1", "v2") } else { ("v3", "v4") };
    let b_text = match b {
        Some(b) => format!("  v9: i{bits} = iconst {b}\n"),
        None => format!("  v2: i64 = load v0+8\n{}", cut("v4", "v2")),
    };
    let b_name = if b.is_some() { "v9" } else { from_b };
    let widen = if bits == 64 { String::new() } else { "  v6: i64 = zext v5\n".to_owned() };
    let wide = if bits == 64 { "v5" } else { "v6" };
    format!(
        "function fn{index} {name}(ctx: t10) -> i32 program \"raw_tp/sys_enter\" \"test:any\" {{\nblock0(v0: ptr.ctx):\n  \
         v1: i64 = load v0\n{}{b_text}  v5 = {op} {a}, {b_name}\n{widen}  v7 = global_addr global0\n  store v7, {wide}\n  \
         v8: i32 = iconst 0\n  return v8\n}}\n",
        cut("v3", "v1")
    )
}

const HEAD: &str = "type t10 = ptr.ctx void\nglobal global0 out: u64 bss = zero\n";

fn check(ops: &[BinaryOp], cpu: Cpu) {
    if !kernel() {
        return;
    }
    let mut text = HEAD.to_owned();
    let mut programs = Vec::new();
    for op in ops {
        for bits in [8, 16, 32, 64] {
            for b in [None, Some(0), Some(-1), Some(3), Some(16), Some(i64::from(bits) + 1)] {
                let name = format!("p{}", programs.len());
                text += &program(programs.len(), &name, op.as_str(), bits, b);
                programs.push((name, *op, bits, b));
            }
        }
    }
    let object = Case::new(&text).emit(&EmitOptions { cpu, ..EmitOptions::default() }).object.unwrap();
    let loaded = load(&object).unwrap();
    let mut wrong = String::new();
    for (name, op, bits, constant) in &programs {
        for a in WORDS {
            for b in WORDS {
                let b = constant.map_or(b, |c| c as u64);
                run(&loaded, name, &[a, b]);
                let got = variable(&loaded, "out").as_int().unwrap();
                let want = i128::from(meaning(*op, *bits, a, b));
                if got != want {
                    let _ = writeln!(wrong, "{op:?} {bits} bits {a:#x}, {b:#x}: {got:#x}, not {want:#x}");
                }
                if constant.is_some() {
                    break;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn sums_and_bits() {
    check(
        &[BinaryOp::Add, BinaryOp::Sub, BinaryOp::Mul, BinaryOp::And, BinaryOp::Or, BinaryOp::Xor],
        Cpu::V3,
    );
}

#[test]
fn division_by_zero_is_defined() {
    check(&[BinaryOp::Udiv, BinaryOp::Urem], Cpu::V3);
    check(&[BinaryOp::Udiv, BinaryOp::Urem], Cpu::V1);
}

#[test]
fn signed_division_has_no_undefined_case() {
    check(&[BinaryOp::Sdiv, BinaryOp::Srem], Cpu::V4);
}

#[test]
fn shifts_take_the_amount_modulo_the_width() {
    check(&[BinaryOp::Shl, BinaryOp::Lshr, BinaryOp::Ashr], Cpu::V3);
    check(&[BinaryOp::Shl, BinaryOp::Lshr, BinaryOp::Ashr], Cpu::V2);
}

const CASTS: &str = "
function fn10 casts(ctx: t10) -> i32 program \"raw_tp/sys_enter\" \"test:any\" {
block0(v0: ptr.ctx):
  v1: i64 = load v0
  v2: i8 = trunc v1
  v3: i64 = sext v2
  v4: i16 = trunc v1
  v5: i64 = zext v4
  v6 = bswap v5
  v7 = bswap v4
  v8: i64 = zext v7
  v9 = neg v3
  v10 = not v8
  v11 = xor v9, v10
  v12 = add v11, v6
  v13: i1 = trunc v1
  v14: i64 = sext v13
  v15 = xor v12, v14
  v16 = opaque v15
  v17: i32 = zext v2
  v18 = opaque v17
  v19: i64 = zext v18
  v20 = add v16, v19
  v21 = select v13, v20, v16
  v22 = global_addr global0
  store v22, v21
  v23: i32 = iconst 0
  return v23
}
";

#[test]
fn comparisons_and_casts() {
    if !kernel() {
        return;
    }
    let mut text = HEAD.to_owned();
    for (i, cond) in Cond::ALL.iter().enumerate() {
        let op = format!("icmp.{}", cond.as_str());
        let body = program(i, &format!("c{i}"), &op, 64, None);
        text += &body.replace("store v7, v5", "v6: i64 = zext v5\n  store v7, v6");
    }
    text += CASTS;
    let loaded = Case::new(&text).load().unwrap();
    let out = || variable(&loaded, "out").as_int().unwrap();
    for a in WORDS {
        for b in WORDS {
            let (x, y) = (a as i64, b as i64);
            let want = [a == b, a != b, x < y, x <= y, x > y, x >= y, a < b, a <= b, a > b, a >= b];
            for (i, want) in want.into_iter().enumerate() {
                run(&loaded, &format!("c{i}"), &[a, b]);
                assert_eq!(out(), i128::from(want), "{:?} {a:#x} {b:#x}", Cond::ALL[i]);
            }
        }
        run(&loaded, "casts", &[a, 0]);
        let low = i64::from(a as i8);
        let half = u64::from(a as u16);
        let swapped = u64::from((a as u16).swap_bytes());
        let mut want = ((low.wrapping_neg() as u64) ^ !swapped).wrapping_add(half.swap_bytes());
        if a & 1 == 1 {
            want = (!want).wrapping_add(u64::from(a as u8));
        }
        assert_eq!(out(), i128::from(want), "{a:#x}");
    }
}

#[test]
fn truth_values_are_joined_without_losing_bounds() {
    // As `and i1` this is refused: "R3 unbounded memory access, make sure to bounds check any such access".
    let text = r#"
type t10 = ptr.ctx void
type t11 = array u8 16
global global0 a: t11 bss = zero
function fn0 both(ctx: t10) -> i32 program "raw_tp/sys_enter" "test:any" {
block0(v0: ptr.ctx):
  v1: i64 = load v0
  v2: i64 = load v0+8
  v3: i64 = iconst 16
  v4 = icmp.ult v1, v3
  v5 = icmp.ult v2, v3
  v6 = and v4, v5
  v7: i32 = iconst 0
  branch v6, block1, block2
block1:
  v8 = global_addr global0
  v9 = ptr_add v8, v1
  v10 = ptr_add v8, v2
  v11: i8 = load v9
  store v10, v11
  v12: i32 = iconst 1
  return v12
block2:
  v13: i64 = iconst 15
  v14 = icmp.ugt v1, v13
  v15 = icmp.ugt v2, v13
  v16 = or v14, v15
  branch v16, block3, block1
block3:
  return v7
}
"#;
    let Some(loaded) = Case::new(text).load() else { return };
    assert_eq!(run(&loaded, "both", &[15, 3]), 1);
    assert_eq!(run(&loaded, "both", &[15, 16]), 0);
    assert_eq!(run(&loaded, "both", &[1 << 40, 2]), 0);
}

#[test]
fn every_level_and_instruction_set_agrees() {
    if !kernel() {
        return;
    }
    let text = format!(
        "{HEAD}{}",
        r#"type t11 = array u8 16
type t12 = record r0
record r0 struct kernel task_struct size 16 align 8 {
  tgid: s32 +4
}
global global1 table: t11 data = b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
function fn0 p(ctx: t10) -> i32 program "raw_tp/sys_enter" "test:any" {
  slot0 sum size 8 align 8
block0(v0: ptr.ctx):
  v1: i64 = load v0
  slot_live slot0
  v2 = slot_addr slot0
  v3: i64 = iconst 0
  store v2, v3
  jump block1(v3)
block1(v4: i64):
  v5: i64 = iconst 16
  v6 = icmp.ult v4, v5
  branch v6, block2, block3
block2:
  v7 = global_addr global1
  v8 = ptr_add v7, v4
  v9: i8 = load v8
  v10: i64 = zext v9
  v11: i64 = load v2
  v12 = add v11, v10
  store v2, v12
  v13: i64 = iconst 1
  v14 = add v4, v13
  jump block1(v14)
block3:
  v15: i64 = load v2
  slot_dead slot0
  v16: i64 = iconst 10
  v17 = urem v1, v16
  v18 = add v15, v17
  v19: ptr.kernel = call_helper bpf_get_current_task_btf#158()
  v20 = field_addr v19, r0.tgid
  v21: i32 = load v20
  v22: i32 = trunc v18
  v23 = add v22, v21
  return v23
}
"#
    );
    let case = Case::new(&text);
    for cpu in [Cpu::V1, Cpu::V2, Cpu::V3, Cpu::V4] {
        for opt in OptLevel::ALL {
            let object = case.emit(&EmitOptions { cpu, opt, ..EmitOptions::default() }).object.unwrap();
            let loaded = load(&object).unwrap();
            assert_eq!(run(&loaded, "p", &[37, 0]), 120 + 7 + std::process::id(), "{cpu:?} {opt:?}");
        }
    }
}
