//! Licenses as the kernel judges them.
//!
//! Promises: the kernel's own list. Leaves out: law.

/// What the kernel takes for compatible with the GPL (`include/linux/license.h`).
pub(crate) const GPL_COMPATIBLE: [&str; 6] =
    ["GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"];

/// Whether a license is one of them.
pub(crate) fn is_gpl_compatible(license: Option<&str>) -> bool {
    license.is_some_and(|l| GPL_COMPATIBLE.contains(&l))
}
