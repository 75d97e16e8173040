//! Compiles every program in `pass/` and `fail/`.

#[test]
fn valid_services_compile_and_each_misuse_is_told_what_to_write() {
    let cases = trybuild::TestCases::new();
    cases.pass("pass/*.rs");
    cases.compile_fail("fail/*.rs");
    // Further kinds of `type_item_name_taken`.
    cases.compile_fail("taken/*.rs");
}
