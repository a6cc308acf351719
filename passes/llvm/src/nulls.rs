//! Tests of pointers for null, used as numbers.
//!
//! ```text
//! Before                              After
//!   %c = icmp ne ptr %p, null           %c = icmp ne ptr %p, null
//!                                       %w = zext i1 %c to i64
//!                                       %o = call i64 asm "", "=r,0"(i64 %w)
//!   %d = icmp ne i64 %x, 0              %d = icmp ne i64 %x, 0
//!                                       %t = icmp ne i64 %o, 0
//!   %r = or i1 %c, %d                   %r = or i1 %t, %d
//! ```
//!
//! Promises: runs behind the optimiser, and leaves alone the tests that branches decide on: of those the verifier learns.
//! Leaves out: comparisons of two pointers.
//!
//! Why: code generation makes `(p | x) != 0` of `p != 0 or x != 0` (`DAGCombiner::foldLogicOfSetCCs`, and
//! `SelectionDAGBuilder::shouldEmitAsBranches` for branches on both): "R7 bitwise operator |= on pointer prohibited",
//! "R1 pointer arithmetic on map_value_or_null prohibited, null-check it first".

use crate::errors::Fault;
use crate::opaque::opaque;
use inkwell::IntPredicate;
use inkwell::builder::Builder;
use inkwell::module::Module;
use inkwell::values::{
    AnyValue, AnyValueEnum, BasicValue, BasicValueEnum, InstructionOpcode, InstructionValue, Operand,
};

/// Hides such tests of a module.
pub(crate) fn hide(module: &Module<'_>) -> Result<(), Fault> {
    let builder = module.get_context().create_builder();
    for function in module.get_functions() {
        let blocks = function.get_basic_blocks();
        let tests: Vec<_> =
            blocks.iter().flat_map(|b| b.get_instructions()).filter(|i| is_test(*i)).collect();
        for test in tests {
            hide_one(&builder, test)?;
        }
    }
    Ok(())
}

fn is_test(inst: InstructionValue<'_>) -> bool {
    let is_null = |at: u32| match inst.get_operand(at).and_then(Operand::value) {
        Some(BasicValueEnum::PointerValue(p)) => p.is_null(),
        _ => false,
    };
    inst.get_opcode() == InstructionOpcode::ICmp && (is_null(0) || is_null(1))
}

fn hide_one<'c>(builder: &Builder<'c>, test: InstructionValue<'c>) -> Result<(), Fault> {
    let users: Vec<InstructionValue<'c>> = users(test).filter(|user| !decides(*user, test, 0)).collect();
    let Some(next) = test.get_next_instruction().filter(|_| !users.is_empty()) else { return Ok(()) };
    builder.position_before(&next);
    let AnyValueEnum::IntValue(holds) = test.as_any_value_enum() else { return Ok(()) };
    let wide = holds.get_type().get_context().i64_type();
    let hidden = opaque(builder, builder.build_int_z_extend(holds, wide, "")?)?;
    let truth = builder.build_int_compare(IntPredicate::NE, hidden, wide.const_zero(), "")?;
    for user in users {
        for at in 0..user.get_num_operands() {
            let operand = user.get_operand(at).and_then(Operand::value);
            if operand == Some(BasicValueEnum::IntValue(holds)) {
                user.set_operand(at, BasicValueEnum::IntValue(truth));
            }
        }
    }
    Ok(())
}

fn users(value: InstructionValue<'_>) -> impl Iterator<Item = InstructionValue<'_>> {
    let uses = std::iter::successors(value.get_first_use(), |at| at.get_next_use());
    uses.filter_map(|used| match used.get_user() {
        AnyValueEnum::InstructionValue(user) => Some(user),
        AnyValueEnum::IntValue(user) => user.as_instruction_value(),
        AnyValueEnum::PhiValue(user) => Some(user.as_instruction()),
        AnyValueEnum::PointerValue(user) => user.as_instruction_value(),
        _ => None,
    })
}

/// How many conditions joined by `and` and `or` are looked through.
const DEPTH: u32 = 8;

/// Whether a branch decides on a value through `user`, each of the values that are joined on the way by a branch of its own.
fn decides(user: InstructionValue<'_>, value: InstructionValue<'_>, depth: u32) -> bool {
    let is_number = |at: u32, number: u64| match user.get_operand(at).and_then(Operand::value) {
        Some(BasicValueEnum::IntValue(n)) => n.get_zero_extended_constant() == Some(number),
        _ => false,
    };
    let tests = value.get_icmp_predicate();
    let joined = match user.get_opcode() {
        InstructionOpcode::Br => return true,
        // Both are zero, or one of them is not: one test of their sum of bits.
        InstructionOpcode::And => tests != Some(IntPredicate::EQ),
        InstructionOpcode::Or => tests != Some(IntPredicate::NE),
        // `and` and `or` that do not look at the second where the first decides.
        InstructionOpcode::Select if is_number(2, 0) => tests != Some(IntPredicate::EQ),
        InstructionOpcode::Select if is_number(1, 1) => tests != Some(IntPredicate::NE),
        _ => false,
    };
    joined && depth < DEPTH && users(user).all(|next| decides(next, user, depth + 1))
}
