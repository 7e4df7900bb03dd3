//! Compile-fail and compile-pass cases of the attributes.

#[test]
fn cases() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*/*.rs");
    cases.compile_fail("ui/fail/*/*.rs");
}
