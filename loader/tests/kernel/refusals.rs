//! What the verifier, the kernel and libbpf refuse, and how it is told.

use crate::fixture::skip;

#[test]
fn placeholder() {
    skip("placeholder");
}
