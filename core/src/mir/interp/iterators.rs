//! The kernel's iterator over numbers, `bpf_iter_num`.
//!
//! Promises: the same numbers and limits as the kernel's. Leaves out: what the kernel keeps in the 8 bytes; here it is the
//! address of an object that holds the current number and the end.

use super::exec::number;
use super::{Environment, FaultKind, Machine, Run};
use crate::mir::Region;

const EINVAL: i64 = -22;
const E2BIG: i64 = -7;

impl<E: Environment> Machine<'_, E> {
    /// The result of a function of the iterator; none if `name` is not one.
    pub(super) fn iterate(&mut self, name: &str, args: &[u64]) -> Run<Option<u64>> {
        let arg = |n: usize| args.get(n).copied().unwrap_or(0);
        let it = arg(0);
        Ok(Some(match name {
            "bpf_iter_num_new" => {
                let (start, end) = (arg(1) as i32, arg(2) as i32);
                let (bad, result) = match i64::from(end) - i64::from(start) {
                    n if n < 0 => (true, EINVAL),
                    n if n > super::helpers::MAX_LOOPS as i64 => (true, E2BIG),
                    _ => (false, 0),
                };
                let before = if bad { 0 } else { start.wrapping_sub(1) };
                let bytes = [before.to_le_bytes(), if bad { 0 } else { end }.to_le_bytes()].concat();
                let object = self.memory.add(Region::Mem, "an iterator", bytes)?;
                self.memory.write(it, &object.to_le_bytes())?;
                result as u64
            }
            "bpf_iter_num_next" => {
                let object = number(&self.memory.read(it, 8)?);
                let current = (number(&self.memory.read(object, 4)?) as i32).wrapping_add(1);
                let end = number(&self.memory.read(object + 4, 4)?) as i32;
                if current < end {
                    self.memory.write(object, &current.to_le_bytes())?;
                    object
                } else {
                    self.memory.write(object + 4, &i32::MIN.to_le_bytes())?;
                    0
                }
            }
            "bpf_iter_num_destroy" => {
                let object = number(&self.memory.read(it, 8)?);
                if self.memory.object(object).is_none() {
                    return Err(FaultKind::BadArgument(format!("`{name}` is given no iterator")).into());
                }
                self.memory.remove(object);
                0
            }
            _ => return Ok(None),
        }))
    }
}
